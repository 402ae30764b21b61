"""The commands of tools/gdb/sluice.py, a file a topic. Runs inside gdb."""
