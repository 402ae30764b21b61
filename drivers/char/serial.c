/*
 * Serial ports: 16550A UARTs at their ISA places, interrupt-driven both ways. ttyS0 is COM1 (IRQ 4), ttyS1 is COM2 (IRQ 3). The first one
 * also shows the kernel log, by polling, since a panic must get out with interrupts off.
 * Halves: uart_irq moves bytes between the FIFOs and the tty core's rings; all the rest runs in processes. port->lock (irqsave) guards
 * the registers and ier.
 */
#include "drivers/bus/platform.h"
#include "drivers/char/uart_regs.h"
#include "io/contract/char_device.h"
#include "kernel/debug/printk.h"
#include "kernel/hal/port.h"
#include "kernel/hal/time_hw.h"
#include "kernel/init.h"
#include "kernel/irq/irq.h"
#include "kernel/lib/printf.h"
#include "kernel/lib/string.h"
#include "kernel/sched/task.h"
#include "kernel/uapi/termios.h"

#define SERIAL_MAJOR 4u
#define SERIAL_FIRST_MINOR 64u
#define IRQ_LOOPS 64u        /* rounds of one interrupt before it is left: a line that chatters must not keep the CPU */
#define CONSOLE_SPINS 10000u /* polls for room in the FIFO, about 10 ms, before a log byte is given up */

struct uart {
	struct platform_device *dev;
	char name[8];
	u16 base;
	struct tty *tty;
	struct spinlock lock;
	u8 ier, mcr, lcr;  /* lock: what the registers hold */
	u32 overruns;      /* lock */
};

static struct uart uarts[2];
static struct uart *console_uart;

static u8 uart_in(const struct uart *u, u32 reg) { return port_read8((u16)(u->base + reg)); }
static void uart_out(const struct uart *u, u32 reg, u8 v) { port_write8((u16)(u->base + reg), v); }

/* ---- interrupt side ---- */

static void receive(struct uart *u, u8 lsr)
{
	for (u32 n = 0; (lsr & UART_LSR_DR) && n < 4 * UART_FIFO_SIZE; n++) {
		u8 c = uart_in(u, UART_RBR), flag = 0;

		if (lsr & UART_LSR_OE)
			u->overruns++;
		if (lsr & UART_LSR_BI)
			flag = TTY_BREAK;
		else if (lsr & (UART_LSR_PE | UART_LSR_FE))
			flag = TTY_PARITY;
		tty_receive(u->tty, c, flag);
		lsr = uart_in(u, UART_LSR);
	}
}

/* Fill the FIFO; nothing left: no more transmit interrupts. Lock held, THRE seen. */
static void transmit(struct uart *u)
{
	u32 n;

	for (n = 0; n < UART_FIFO_SIZE; n++) {
		int c = tty_next_tx(u->tty);

		if (c < 0)
			break;
		uart_out(u, UART_THR, (u8)c);
	}
	if (!n != !(u->ier & UART_IER_THRI)) {
		u->ier ^= UART_IER_THRI;
		uart_out(u, UART_IER, u->ier);
	}
}

static irqreturn_t uart_irq(int irq, void *dev)
{
	struct uart *u = dev;
	irqreturn_t r = IRQ_NONE;

	spin_lock(&u->lock);
	for (u32 i = 0; i < IRQ_LOOPS && !(uart_in(u, UART_IIR) & UART_IIR_NO_INT); i++) {
		u8 lsr = uart_in(u, UART_LSR);

		receive(u, lsr);
		if ((lsr & UART_LSR_THRE) && (u->ier & UART_IER_THRI))
			transmit(u);
		uart_in(u, UART_MSR); /* clears a modem status interrupt */
		r = IRQ_HANDLED;
	}
	spin_unlock(&u->lock);
	if (r == IRQ_HANDLED)
		tty_tx_wakeup(u->tty);
	return r;
}

/* ---- tty side ---- */

static void uart_start_tx(struct tty *t)
{
	struct uart *u = tty_driver_data(t);
	u32 flags = spin_lock_irqsave(&u->lock);

	if (!(u->ier & UART_IER_THRI)) {
		/* Enabling it raises the interrupt at once when the holding register is empty. */
		u->ier |= UART_IER_THRI;
		uart_out(u, UART_IER, u->ier);
	}
	spin_unlock_irqrestore(&u->lock, flags);
}

static void uart_set_termios(struct tty *t, const struct ktermios *old)
{
	struct uart *u = tty_driver_data(t);
	u32 baud = tty_baud(t), cflag = tty_cflag(t), divisor, flags;
	u8 lcr = (u8)((cflag & CSIZE) >> 4);

	if (cflag & CSTOPB)
		lcr |= UART_LCR_STOP;
	if (cflag & PARENB)
		lcr |= UART_LCR_PARITY | (cflag & PARODD ? 0 : UART_LCR_EPAR);
	flags = spin_lock_irqsave(&u->lock);
	u->lcr = lcr;
	if (baud) {
		divisor = max(UART_CLOCK / min(baud, UART_CLOCK), 1u);
		uart_out(u, UART_LCR, lcr | UART_LCR_DLAB);
		uart_out(u, UART_DLL, (u8)divisor);
		uart_out(u, UART_DLM, (u8)(divisor >> 8));
	}
	uart_out(u, UART_LCR, lcr);
	/* Speed 0 means: hang up. */
	u->mcr = (u8)(baud ? u->mcr | UART_MCR_DTR | UART_MCR_RTS : u->mcr & ~(UART_MCR_DTR | UART_MCR_RTS));
	uart_out(u, UART_MCR, u->mcr);
	spin_unlock_irqrestore(&u->lock, flags);
}

static int uart_tiocmget(struct tty *t)
{
	struct uart *u = tty_driver_data(t);
	u8 msr = uart_in(u, UART_MSR), mcr = u->mcr;

	return (mcr & UART_MCR_DTR ? TIOCM_DTR : 0) | (mcr & UART_MCR_RTS ? TIOCM_RTS : 0) | (mcr & UART_MCR_LOOP ? TIOCM_LOOP : 0) |
	       (msr & UART_MSR_CTS ? TIOCM_CTS : 0) | (msr & UART_MSR_DSR ? TIOCM_DSR : 0) | (msr & UART_MSR_DCD ? TIOCM_CAR : 0) |
	       (msr & UART_MSR_RI ? TIOCM_RNG : 0);
}

static u8 mcr_bits(u32 tiocm)
{
	return (u8)((tiocm & TIOCM_DTR ? UART_MCR_DTR : 0) | (tiocm & TIOCM_RTS ? UART_MCR_RTS : 0) | (tiocm & TIOCM_LOOP ? UART_MCR_LOOP : 0));
}

static int uart_tiocmset(struct tty *t, u32 set, u32 clear)
{
	struct uart *u = tty_driver_data(t);
	u32 flags = spin_lock_irqsave(&u->lock);

	u->mcr = (u8)((u->mcr & ~mcr_bits(clear)) | mcr_bits(set));
	uart_out(u, UART_MCR, u->mcr);
	spin_unlock_irqrestore(&u->lock, flags);
	return 0;
}

static void uart_send_break(struct tty *t, int ms)
{
	struct uart *u = tty_driver_data(t);

	uart_out(u, UART_LCR, u->lcr | UART_LCR_BREAK);
	sleep_ms((u32)ms);
	uart_out(u, UART_LCR, u->lcr);
}

static const struct tty_driver_ops uart_ops = {
	.start_tx = uart_start_tx,
	.set_termios = uart_set_termios,
	.tiocmget = uart_tiocmget,
	.tiocmset = uart_tiocmset,
	.send_break = uart_send_break,
};

/* ---- the kernel log ---- */

static void console_putc(struct uart *u, u8 c)
{
	for (u32 i = 0; i < CONSOLE_SPINS && !(uart_in(u, UART_LSR) & UART_LSR_THRE); i++)
		udelay(1);
	uart_out(u, UART_THR, c);
}

static void console_write(struct console *c, const char *text, size_t len)
{
	struct uart *u = console_uart;

	for (; len--; text++) {
		if (*text == '\n')
			console_putc(u, '\r');
		console_putc(u, (u8)*text);
	}
}

static struct console serial_console = { .name = "ttyS0", .write = console_write, .level = LOG_INFO };

/* ---- finding them ---- */

/* A UART answers in its scratch register, and a 16550A shows its FIFOs in the IIR. */
static bool uart_present(struct uart *u)
{
	uart_out(u, UART_SCR, 0x5a);
	if (uart_in(u, UART_SCR) != 0x5a)
		return false;
	uart_out(u, UART_SCR, 0xa5);
	return uart_in(u, UART_SCR) == 0xa5;
}

static void uart_setup(struct uart *u)
{
	uart_out(u, UART_IER, 0);
	uart_out(u, UART_FCR, UART_FCR_ENABLE | UART_FCR_CLEAR_RX | UART_FCR_CLEAR_TX | UART_FCR_TRIGGER_14);
	u->lcr = UART_LCR_WLEN8;
	u->mcr = UART_MCR_DTR | UART_MCR_RTS | UART_MCR_OUT2;
	uart_out(u, UART_LCR, u->lcr);
	uart_out(u, UART_MCR, u->mcr);
	uart_in(u, UART_LSR);
	uart_in(u, UART_RBR);
	uart_in(u, UART_IIR);
	uart_in(u, UART_MSR);
}

static int serial_probe(struct platform_device *p)
{
	struct uart *u = &uarts[p->id];
	int error;

	u->dev = p;
	u->base = p->port;
	spin_lock_init(&u->lock, "uart", RANK_DRIVER);
	if (!uart_present(u))
		return -ENODEV;
	uart_setup(u);
	if ((uart_in(u, UART_IIR) & UART_IIR_FIFO) != UART_IIR_FIFO)
		pr_warn("serial: the UART at port 0x%x has no FIFO\n", p->port);
	ksnprintf(u->name, sizeof(u->name), "ttyS%d", p->id);
	u->tty = tty_register(u->name, MKDEV(SERIAL_MAJOR, SERIAL_FIRST_MINOR + (u32)p->id), &uart_ops, u);
	if (IS_ERR(u->tty))
		return (int)PTR_ERR(u->tty);
	error = request_irq((u32)p->irq, uart_irq, 0, u->name, u);
	if (error)
		return error;
	u->ier = UART_IER_RDI | UART_IER_RLSI;
	uart_out(u, UART_IER, u->ier);
	if (!console_uart) {
		const char *level = cmdline_get("loglevel");
		u32 v;

		if (level && !kstrtou32(level, 10, &v))
			serial_console.level = (int)v;
		console_uart = u;
		console_register(&serial_console);
	}
	return 0;
}

static struct platform_driver serial_driver = { .name = "serial", .probe = serial_probe };

static struct platform_device ports[] = {
	{ .name = "serial", .id = 0, .port = 0x3f8, .nr_ports = UART_NR_PORTS, .irq = 4 },
	{ .name = "serial", .id = 1, .port = 0x2f8, .nr_ports = UART_NR_PORTS, .irq = 3 },
};

int serial_init(void)
{
	int error = platform_driver_register(&serial_driver);

	for (u32 i = 0; i < ARRAY_SIZE(ports) && !error; i++)
		error = platform_device_register(&ports[i]);
	return error;
}
