# What gdb needs to know of Sluice. Read by tools/gdb/run after it has attached; also by hand: gdb -x tools/gdb/sluice.gdb.

set pagination off
set confirm off
set print pretty on
set disassembly-flavor intel

# At reset the processor is in the firmware. The kernel's entry runs before paging, 3 GiB below the address it is linked at.
set $entry = (unsigned long)&boot_entry - 0xC0000000
hbreak *$entry
commands
silent
printf "at the kernel's entry, paging still off; symbols hold from kernel_main on\n"
end
continue
delete

define walk
  printf "breakpoints on the hops of a read: sys_read file_read page_cache_read blk_submit ata_start ata_irq blk_complete\n"
  break sys_read
  break file_read
  break page_cache_read
  break blk_submit
  break ata_start
  break ata_irq
  break blk_complete
end
document walk
Set breakpoints on the hops of one read, from the system call to the port and back (README.md).
end

define pic
  monitor info pic
end
document pic
The two 8259 interrupt controllers, as QEMU sees them.
end

define task
  printf "pid %d, %s\n", ((struct task *)$arg0)->pid, ((struct task *)$arg0)->comm
end
document task
task ADDRESS: number and name of a struct task.
end
