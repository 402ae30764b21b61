/*
 * What modules may use of the kernel: one table, by subject. A module that wants something else is refused with its name in the log.
 * EXPORT: for all; EXPORT_GPL: for modules under a GPL-compatible licence, as Linux marks them. docs/linux-api.md tells what each is for.
 * Only names stand here, no types: the headers that a module includes have those.
 */
#include "kernel/module/module.h"

#define EXPORT_AS(name, gpl) \
	extern const char export_##name[] __asm__(#name); \
	static const struct kernel_symbol ksymtab_##name __attribute__((section(".ksymtab"), used, aligned(4))) = { export_##name, #name, gpl }
#define EXPORT(name) EXPORT_AS(name, 0)
#define EXPORT_GPL(name) EXPORT_AS(name, 1)

#define EXPORT_CHECKED(name) \
	extern const char export_##name[] __asm__("checked_" #name); \
	static const struct kernel_symbol ksymtab_##name __attribute__((section(".ksymtab"), used, aligned(4))) = { export_##name, #name, 0 }

/* The log, errors of our own. */
EXPORT(_printk);
EXPORT(printk);
EXPORT(panic);
EXPORT(warn_at);
EXPORT(dump_stack);
#ifdef CONFIG_DEBUG
EXPORT(might_sleep_at);
EXPORT(lock_context_leave);
EXPORT(__ubsan_handle_add_overflow);
EXPORT(__ubsan_handle_sub_overflow);
EXPORT(__ubsan_handle_mul_overflow);
EXPORT(__ubsan_handle_divrem_overflow);
EXPORT(__ubsan_handle_negate_overflow);
EXPORT(__ubsan_handle_shift_out_of_bounds);
EXPORT(__ubsan_handle_out_of_bounds);
EXPORT(__ubsan_handle_type_mismatch_v1);
EXPORT(__ubsan_handle_pointer_overflow);
EXPORT(__ubsan_handle_load_invalid_value);
EXPORT(__ubsan_handle_vla_bound_not_positive);
EXPORT(__ubsan_handle_nonnull_arg);
EXPORT(__ubsan_handle_nonnull_return_v1);
EXPORT(__ubsan_handle_invalid_builtin);
EXPORT(__ubsan_handle_function_type_mismatch);
EXPORT(__ubsan_handle_builtin_unreachable);
EXPORT(__asan_load1_noabort);
EXPORT(__asan_store1_noabort);
EXPORT(__asan_load2_noabort);
EXPORT(__asan_store2_noabort);
EXPORT(__asan_load4_noabort);
EXPORT(__asan_store4_noabort);
EXPORT(__asan_load8_noabort);
EXPORT(__asan_store8_noabort);
EXPORT(__asan_load16_noabort);
EXPORT(__asan_store16_noabort);
EXPORT(__asan_loadN_noabort);
EXPORT(__asan_storeN_noabort);
EXPORT(__asan_handle_no_return);
EXPORT(__asan_register_globals);
EXPORT(__asan_unregister_globals);
#endif

/* Text and numbers. In the debug kernel with checks of the memory they touch (kernel/module/redzone.c). */
#ifdef CONFIG_DEBUG
EXPORT_CHECKED(memcpy);
EXPORT_CHECKED(memmove);
EXPORT_CHECKED(memset);
EXPORT_CHECKED(copy_to_user);
EXPORT_CHECKED(copy_from_user);
#else
EXPORT(memcpy);
EXPORT(memmove);
EXPORT(memset);
EXPORT(copy_to_user);
EXPORT(copy_from_user);
#endif
EXPORT(memcmp);
EXPORT(memchr);
EXPORT(strlen);
EXPORT(strnlen);
EXPORT(strcmp);
EXPORT(strncmp);
EXPORT(strchr);
EXPORT(strrchr);
EXPORT(strstr);
EXPORT(strscpy);
EXPORT(kstrtou64);
EXPORT(kstrtou32);
EXPORT(kstrtoint);
EXPORT(ksnprintf);
EXPORT(kscnprintf);
EXPORT(kvsnprintf);
EXPORT(get_random_bytes);

/* Memory. */
EXPORT(kmalloc);
EXPORT(kzalloc);
EXPORT(kfree);
EXPORT(kstrdup);
EXPORT(kstrndup);
EXPORT(vmalloc);
EXPORT(vfree);
EXPORT(alloc_pages);
EXPORT(free_pages);
EXPORT(free_page_last);
EXPORT(get_free_page);
EXPORT(free_page);
EXPORT(mem_map);
EXPORT(max_pfn);
EXPORT(dma_alloc);
EXPORT(dma_alloc_below);
EXPORT(dma_free);
EXPORT(ioremap);
EXPORT(iounmap);
EXPORT(mm_map_pfn);
EXPORT(clear_user);
EXPORT(strncpy_from_user);
EXPORT(strnlen_user);

/* Locks, waiting, time. */
#ifdef CONFIG_DEBUG
EXPORT(spin_lock);
EXPORT(spin_trylock);
EXPORT(spin_unlock);
EXPORT(spin_lock_nested);
#else
EXPORT(spin_lock_contended);
#endif
EXPORT(local_bh_enable_slow);
EXPORT(mutex_init);
EXPORT(mutex_lock);
EXPORT(mutex_lock_nested);
EXPORT(mutex_lock_interruptible);
EXPORT(mutex_trylock);
EXPORT(mutex_unlock);
EXPORT(mutex_is_held);
EXPORT(completion_init);
EXPORT(complete);
EXPORT(complete_all);
EXPORT(wait_for_completion);
EXPORT(wait_for_completion_until);
EXPORT(wait_for_completion_interruptible);
EXPORT(try_wait_for_completion);
EXPORT(add_wait_queue);
EXPORT(remove_wait_queue);
EXPORT(default_wake_function);
EXPORT(autoremove_wake_function);
EXPORT(wake_up_key);
EXPORT(wake_up_key_locked);
EXPORT(prepare_to_wait);
EXPORT(prepare_to_wait_exclusive);
EXPORT(finish_wait);
EXPORT(wait_entry_for_current);
EXPORT(schedule);
EXPORT(schedule_until);
EXPORT(schedule_hrtimeout_range_clock);
EXPORT(signal_pending_current);
EXPORT(signal_pending_state);
EXPORT(set_current_state);
EXPORT(cond_resched);
EXPORT(wake_up_state);
EXPORT(kthread_run);
EXPORT_GPL(kthread_should_stop);
EXPORT(kthread_stop);
EXPORT(sleep_ms);
EXPORT(ktime_ns);
EXPORT(realtime_ns);
EXPORT(udelay);
EXPORT(ndelay);
EXPORT(timer_del);
EXPORT(timer_del_sync);
EXPORT(jiffies);
EXPORT(jiffies_to_ktime);
EXPORT(timer_list_fn);
EXPORT(timer_setup);
EXPORT(mod_timer);
EXPORT(add_timer);
EXPORT(capable);

/* Interrupts. */
EXPORT(request_irq);
EXPORT(free_irq);
EXPORT(disable_irq);
EXPORT(disable_irq_nosync);
EXPORT(enable_irq);
EXPORT(synchronize_irq);
EXPORT(tasklet_setup);
EXPORT(tasklet_init);
EXPORT(tasklet_schedule);
EXPORT(tasklet_hi_schedule);
EXPORT(tasklet_disable);
EXPORT(tasklet_disable_nosync);
EXPORT(tasklet_enable);
EXPORT(tasklet_kill);
EXPORT(system_wq);
EXPORT(alloc_workqueue);
EXPORT(destroy_workqueue);
EXPORT(queue_work);
EXPORT(queue_delayed_work);
EXPORT(mod_delayed_work);
EXPORT(flush_work);
EXPORT(flush_delayed_work);
EXPORT(flush_workqueue);
EXPORT(drain_workqueue);
EXPORT(cancel_work);
EXPORT(cancel_work_sync);
EXPORT(cancel_delayed_work);
EXPORT(cancel_delayed_work_sync);
EXPORT(current_work);
EXPORT(delayed_work_timer_fn);

/* Modules and their parameters. */
EXPORT(try_module_get);
EXPORT(module_put);
EXPORT(module_refcount);
EXPORT(param_ops_byte);
EXPORT(param_ops_short);
EXPORT(param_ops_ushort);
EXPORT(param_ops_int);
EXPORT(param_ops_uint);
EXPORT(param_ops_long);
EXPORT(param_ops_ulong);
EXPORT(param_ops_ullong);
EXPORT(param_ops_hexint);
EXPORT(param_ops_bool);
EXPORT(param_ops_invbool);
EXPORT(param_ops_charp);
EXPORT(param_ops_string);
EXPORT(param_array_ops);

/* Character devices. */
EXPORT(alloc_chrdev_region);
EXPORT(register_chrdev_region);
EXPORT(unregister_chrdev_region);
EXPORT(register_chrdev_ops);
EXPORT(unregister_chrdev_ops);
EXPORT(cdev_init);
EXPORT(cdev_alloc);
EXPORT(cdev_add);
EXPORT(cdev_del);
EXPORT(misc_register);
EXPORT(misc_deregister);
EXPORT(fasync_helper);
EXPORT(kill_fasync_listed);
EXPORT(generic_llseek);
EXPORT(no_llseek);
EXPORT(noop_llseek);
EXPORT(fixed_size_llseek);

/* Devices, buses, classes. */
EXPORT(class_register);
EXPORT(class_unregister);
EXPORT(class_create);
EXPORT(class_destroy);
EXPORT(device_create);
EXPORT(device_destroy);
EXPORT(device_create_file);
EXPORT(device_remove_file);
EXPORT(kobject_get);
EXPORT(kobject_put);
EXPORT(sysfs_add_file);
EXPORT(sysfs_remove_file);
EXPORT(seq_printf);
EXPORT(seq_puts);
EXPORT(seq_putc);
EXPORT(seq_write);
EXPORT(pci_register_driver);
EXPORT(pci_unregister_driver);
EXPORT(pci_enable_device);
EXPORT(pci_disable_device);
EXPORT(pci_set_master);
EXPORT(pci_clear_master);
EXPORT(pci_request_region);
EXPORT(pci_release_region);
EXPORT(pci_request_regions);
EXPORT(pci_release_regions);
EXPORT(pci_iomap);
EXPORT(pci_iounmap);
EXPORT(pci_config_read8);
EXPORT(pci_config_read16);
EXPORT(pci_config_read32);
EXPORT(pci_config_write8);
EXPORT(pci_config_write16);
EXPORT(pci_config_write32);
EXPORT(request_region);
EXPORT(release_region);
EXPORT(request_mem_region);
EXPORT(release_mem_region);
