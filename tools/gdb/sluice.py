"""Sluice's commands for gdb: `help user-defined` lists them, all begin with io-. `make gdb` and `tools/vm run --gdb` load this file; by hand:

    gdb build/release/sluice.elf -ex 'source tools/gdb/sluice.py' -ex 'target remote ...'

Nothing here changes the guest or the way it runs, but for io-entry, io-irq-break, io-walk, io-step-irq and io-rewind, which say so.
A command in a kernel that is not up yet, or that is damaged, gives a line that says what is wrong.
"""
import importlib
import os
import sys

import gdb

HERE = os.path.dirname(os.path.realpath(__file__))
sys.dont_write_bytecode = True
if HERE not in sys.path:
    sys.path.insert(0, HERE)

for topic in ("base", "interrupts", "frames", "bottom", "tasks", "waits", "block", "ata", "cache", "devices", "log", "modules", "replay", "steps"):
    name = "sluicegdb." + topic
    if name in sys.modules:
        importlib.reload(sys.modules[name])
    else:
        importlib.import_module(name)

for setting in ("pagination off", "confirm off", "print pretty on", "disassembly-flavor intel"):
    gdb.execute("set " + setting)

if "SLUICE_GDB_PORT" in os.environ:
    # Started by tools/vm: the guest goes with gdb. Without this gdb would let it run on for a moment.
    def end_guest(_event):
        try:
            if gdb.selected_thread() is not None:
                gdb.execute("kill", to_string=True)
        except gdb.error:
            pass        # it has gone by itself

    gdb.events.gdb_exiting.connect(end_guest)
