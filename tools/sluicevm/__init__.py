"""What tools/vm is made of: options (the command line), image (the root's contents), machine (QEMU's arguments), guest (the run)."""
