/* See boot_serial.h. The 16550 registers are those of the National PC16550D datasheet, table II. */
#include "kernel/hal/boot_serial.h"
#include "kernel/debug/printk.h"
#include "kernel/hal/port.h"

#define COM1 0x3F8u
#define UART_DATA 0u         /* DLAB 0: transmit; DLAB 1: divisor, low */
#define UART_DIVISOR_HIGH 1u /* DLAB 1; else interrupt enables */
#define UART_LINE_CONTROL 3u
#define LCR_8N1 0x03
#define LCR_DLAB 0x80
#define UART_LINE_STATUS 5u
#define LSR_THRE 0x20
#define SPIN_LIMIT 100000u

static void set_up(void)
{
	outb(COM1 + UART_LINE_CONTROL, LCR_DLAB);
	outb(COM1 + UART_DATA, 1); /* 115200 baud */
	outb(COM1 + UART_DIVISOR_HIGH, 0);
	outb(COM1 + UART_LINE_CONTROL, LCR_8N1);
}

static void put(char c)
{
	for (u32 i = 0; i < SPIN_LIMIT && !(inb(COM1 + UART_LINE_STATUS) & LSR_THRE); i++)
		;
	outb(COM1 + UART_DATA, (u8)c);
}

void boot_serial_write(const char *text, size_t len)
{
	static bool ready;

	if (!ready)
		set_up();
	ready = true;
	for (; len--; text++) {
		if (*text == '\n')
			put('\r');
		put(*text);
	}
}

static void console_write(struct console *c, const char *text, size_t len) { boot_serial_write(text, len); }

static struct console console = { .name = "ttyS0", .write = console_write, .level = LOG_INFO };

void boot_serial_console(void)
{
	if (!console_registered(console.name))
		console_register(&console);
}
