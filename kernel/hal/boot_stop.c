/* See boot_stop.h. The 16550 registers are those of the National PC16550D datasheet, table II. */
#include "kernel/hal/boot_stop.h"
#include "kernel/debug/printk.h"
#include "kernel/hal/port.h"
#include "kernel/hal/power.h"
#include "kernel/lib/printf.h"
#include "kernel/lib/string.h"

#define COM1 0x3F8u
#define UART_DATA 0u        /* DLAB 0: transmit; DLAB 1: divisor, low */
#define UART_DIVISOR_HIGH 1u
#define UART_LINE_CONTROL 3u
#define LCR_8N1 0x03
#define LCR_DLAB 0x80
#define UART_LINE_STATUS 5u
#define LSR_THRE 0x20
#define SPIN_LIMIT 100000u

static void serial_text(const char *s)
{
	outb(COM1 + UART_LINE_CONTROL, LCR_DLAB);
	outb(COM1 + UART_DATA, 1); /* 115200 baud */
	outb(COM1 + UART_DIVISOR_HIGH, 0);
	outb(COM1 + UART_LINE_CONTROL, LCR_8N1);
	for (; *s; s++) {
		for (u32 i = 0; i < SPIN_LIMIT && !(inb(COM1 + UART_LINE_STATUS) & LSR_THRE); i++)
			;
		outb(COM1 + UART_DATA, (u8)*s);
	}
}

void boot_stop(const char *fmt, ...)
{
	static const char status[] = "panic\n";
	char text[160];
	va_list ap;

	va_start(ap, fmt);
	kvsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	pr_emerg("%s\n", text);
	serial_text(text);
	serial_text("\r\n");
	if (host_port_present(HOST_PORT_STATUS))
		host_port_write(HOST_PORT_STATUS, status, sizeof(status) - 1);
	machine_power_off();
}
