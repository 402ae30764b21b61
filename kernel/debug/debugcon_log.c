/* The kernel log on QEMU's debug console port; tools/vm keeps it as the log of the run. Shows every level. */
#include "kernel/debug/printk.h"
#include "kernel/hal/power.h"
#include "kernel/init.h"

static void debugcon_write(struct console *c, const char *text, size_t len) { host_port_write(HOST_PORT_LOG, text, len); }

static struct console debugcon = { .name = "debugcon", .write = debugcon_write, .level = 8 };

int debugcon_log_init(void)
{
	if (host_port_present(HOST_PORT_LOG))
		console_register(&debugcon);
	return 0;
}
