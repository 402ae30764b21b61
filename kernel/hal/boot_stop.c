/* See boot_stop.h. */
#include "kernel/hal/boot_stop.h"
#include "kernel/hal/boot_serial.h"
#include "kernel/debug/printk.h"
#include "kernel/hal/power.h"
#include "kernel/lib/printf.h"
#include "kernel/lib/string.h"

void boot_stop(const char *fmt, ...)
{
	static const char status[] = "panic\n";
	char text[160];
	va_list ap;

	va_start(ap, fmt);
	kvsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	pr_emerg("%s\n", text);
	boot_serial_write(text, strlen(text));
	boot_serial_write("\n", 1);
	if (host_port_present(HOST_PORT_STATUS))
		host_port_write(HOST_PORT_STATUS, status, sizeof(status) - 1);
	machine_power_off();
}
