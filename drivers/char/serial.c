/*
 * Serial ports: 16550A UARTs at their ISA places, interrupt-driven both ways. ttyS0 is COM1 (IRQ 4), ttyS1 is COM2 (IRQ 3). The first one
 * also shows the kernel log, by polling, since a panic must get out with interrupts off.
 * Halves: uart_irq moves bytes between the FIFOs and the tty core's rings; all the rest runs in processes. u->lock (irqsave) guards the
 * registers, what they hold and the counts.
 * Nothing is lost on our side: when the tty has no room, bytes stay in the FIFO, and with CRTSCTS the other end is told by RTS; what the UART
 * then loses it says (overrun), and is counted.
 */
#include "drivers/drivers.h"
#include "drivers/char/uart_regs.h"
#include "io/contract/char_device.h"
#include "io/contract/proc_file.h"
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
#define IRQ_LOOPS 32u        /* rounds of one interrupt before it is left: a line that chatters must not keep the CPU */
#define CONSOLE_SPINS 10000u /* polls for room in the FIFO, about 10 ms, before a log byte is given up */
#define RX_BITS (UART_IER_RDI | UART_IER_RLSI)

struct uart {
	struct platform_device *dev;
	char name[8];
	u16 base;
	struct tty *tty;        /* NULL: not found yet */
	struct spinlock lock;
	u8 ier, mcr, lcr, msr;  /* lock: what the registers hold */
	bool open, throttled;   /* lock */
	bool cts_flow;          /* lock: CRTSCTS */
	struct serial_icounter count; /* lock */
};

static struct uart uarts[2];
static struct uart *console_uart;

static u8 uart_in(const struct uart *u, u32 reg) { return port_read8((u16)(u->base + reg)); }
static void uart_out(const struct uart *u, u32 reg, u8 v) { port_write8((u16)(u->base + reg), v); }

/* Lock held, like all up to the tty side. */
static void set_ier(struct uart *u, u8 on, u8 off)
{
	u8 ier = (u8)((u->ier | on) & ~off);

	if (ier == u->ier)
		return;
	u->ier = ier;
	uart_out(u, UART_IER, ier);
}

static void set_mcr(struct uart *u, u8 on, u8 off)
{
	u->mcr = (u8)((u->mcr | on) & ~off);
	uart_out(u, UART_MCR, u->mcr);
}

/* ---- interrupt side ---- */

/* No room: leave the bytes where they are. */
static void throttle(struct uart *u)
{
	u->throttled = true;
	set_ier(u, 0, RX_BITS);
	if (u->cts_flow)
		set_mcr(u, 0, UART_MCR_RTS);
}

/* Reading the register clears its errors; an overrun belongs to no byte. */
static u8 line_status(struct uart *u)
{
	u8 lsr = uart_in(u, UART_LSR);

	u->count.overrun += !!(lsr & UART_LSR_OE);
	return lsr;
}

static u8 receive_one(struct uart *u, u8 lsr)
{
	u8 c = uart_in(u, UART_RBR), flag = 0;

	u->count.rx++;
	if (lsr & UART_LSR_BI) {
		u->count.brk++;
		flag = TTY_BREAK;
	} else if (lsr & (UART_LSR_PE | UART_LSR_FE)) {
		u->count.parity += !!(lsr & UART_LSR_PE);
		u->count.frame += !!(lsr & UART_LSR_FE);
		flag = TTY_PARITY;
	}
	tty_receive(u->tty, c, flag);
	return line_status(u);
}

/* Take what is in the FIFO; as a block when the trigger level says how much and no byte has an error. Returns the last line status. */
static u8 receive(struct uart *u, u8 iir, u8 lsr)
{
	const u8 errors = UART_LSR_OE | UART_LSR_PE | UART_LSR_FE | UART_LSR_BI | UART_LSR_FIFO_ERROR;
	u8 block[UART_TRIGGER];

	if (!(lsr & UART_LSR_DR) || u->throttled)
		return lsr;
	if (!tty_receive_room(u->tty)) {
		throttle(u);
		return lsr;
	}
	if ((iir & UART_IIR_ID) == UART_IIR_RX_LEVEL && (iir & UART_IIR_FIFO) == UART_IIR_FIFO && !(lsr & errors)) {
		port_read8_block((u16)(u->base + UART_RBR), block, sizeof(block));
		u->count.rx += (s32)sizeof(block);
		tty_receive_block(u->tty, block, sizeof(block));
		lsr = line_status(u);
	}
	for (u32 n = 0; (lsr & UART_LSR_DR) && n < UART_FIFO_SIZE; n++)
		lsr = receive_one(u, lsr);
	return lsr;
}

/* Fill the FIFO; nothing left, or the other end cannot take it: no more transmit interrupts. THRE seen. */
static void transmit(struct uart *u)
{
	u8 block[UART_FIFO_SIZE];
	bool may = !u->cts_flow || (u->msr & UART_MSR_CTS);
	u32 n = may ? tty_next_tx(u->tty, block, sizeof(block)) : 0;

	port_write8_block((u16)(u->base + UART_THR), block, n);
	u->count.tx += (s32)n;
	set_ier(u, n ? UART_IER_THRI : 0, n ? 0 : UART_IER_THRI);
}

/* Reading the register takes the changes out of it: each reader comes through here. */
static void modem_status(struct uart *u)
{
	u8 msr = uart_in(u, UART_MSR);

	u->msr = msr;
	if (!(msr & (UART_MSR_DCTS | UART_MSR_DDSR | UART_MSR_TERI | UART_MSR_DDCD)))
		return;
	u->count.cts += !!(msr & UART_MSR_DCTS);
	u->count.dsr += !!(msr & UART_MSR_DDSR);
	u->count.rng += !!(msr & UART_MSR_TERI);
	if (msr & UART_MSR_DDCD) {
		u->count.dcd++;
		tty_carrier_changed(u->tty, msr & UART_MSR_DCD);
	}
	if ((msr & UART_MSR_DCTS) && (msr & UART_MSR_CTS) && u->cts_flow)
		set_ier(u, UART_IER_THRI, 0);
}

static irqreturn_t uart_irq(int irq, void *dev)
{
	struct uart *u = dev;
	u32 rounds;
	u8 iir;

	spin_lock(&u->lock);
	for (rounds = 0; rounds < IRQ_LOOPS && !((iir = uart_in(u, UART_IIR)) & UART_IIR_NO_INT); rounds++) {
		u8 lsr = receive(u, iir, line_status(u));

		if (u->ier & UART_IER_MSI)
			modem_status(u);
		if ((lsr & UART_LSR_THRE) && (u->ier & UART_IER_THRI))
			transmit(u);
	}
	if (rounds == IRQ_LOOPS) {
		/* The line may still be up, and the interrupt controller wants an edge: make one. */
		uart_out(u, UART_IER, 0);
		uart_out(u, UART_IER, u->ier);
	}
	spin_unlock(&u->lock);
	if (!rounds)
		return IRQ_NONE;
	tty_tx_wakeup(u->tty);
	return IRQ_HANDLED;
}

/* ---- tty side ---- */

static void uart_start_tx(struct tty *t)
{
	struct uart *u = tty_driver_data(t);
	u32 flags = spin_lock_irqsave(&u->lock);

	set_ier(u, UART_IER_THRI, 0); /* raises the interrupt at once when the holding register is empty */
	spin_unlock_irqrestore(&u->lock, flags);
}

static void uart_unthrottle(struct tty *t)
{
	struct uart *u = tty_driver_data(t);
	u32 flags = spin_lock_irqsave(&u->lock);

	u->throttled = false;
	if (u->cts_flow)
		set_mcr(u, UART_MCR_RTS, 0);
	if (u->open)
		set_ier(u, RX_BITS, 0);
	spin_unlock_irqrestore(&u->lock, flags);
}

/* Whether changes of the modem's lines matter: for the flow of output, or to notice that the other end has gone. */
static void watch_modem(struct uart *u, u32 cflag)
{
	u->cts_flow = cflag & CRTSCTS;
	modem_status(u);
	if (u->open && ((cflag & CRTSCTS) || !(cflag & CLOCAL)))
		set_ier(u, UART_IER_MSI, 0);
	else
		set_ier(u, 0, UART_IER_MSI);
	if (!u->cts_flow && u->throttled)
		set_mcr(u, UART_MCR_RTS, 0);
	set_ier(u, u->open ? UART_IER_THRI : 0, 0); /* output that waited for CTS need not wait now */
}

static void set_speed(struct uart *u, u32 baud)
{
	u32 divisor = max(UART_CLOCK / baud, 1u);

	uart_out(u, UART_LCR, u->lcr | UART_LCR_DLAB);
	uart_out(u, UART_DLL, (u8)divisor);
	uart_out(u, UART_DLM, (u8)(divisor >> 8));
}

static void uart_set_termios(struct tty *t, const struct ktermios *old)
{
	struct uart *u = tty_driver_data(t);
	u32 cflag = tty_cflag(t), flags;
	bool was_down = !(old->c_cflag & CBAUD);
	u8 lcr = (u8)((cflag & CSIZE) >> 4);

	if (tty_baud(t) > UART_CLOCK)
		tty_keep_speed(t, old);
	if (cflag & CSTOPB)
		lcr |= UART_LCR_STOP;
	if (cflag & PARENB)
		lcr |= UART_LCR_PARITY | (cflag & PARODD ? 0 : UART_LCR_EPAR);
	flags = spin_lock_irqsave(&u->lock);
	u->lcr = lcr;
	if (tty_baud(t))
		set_speed(u, tty_baud(t));
	uart_out(u, UART_LCR, lcr);
	if (!tty_baud(t)) /* speed 0 means: hang up */
		set_mcr(u, 0, UART_MCR_DTR | UART_MCR_RTS);
	else if (was_down)
		set_mcr(u, UART_MCR_DTR | UART_MCR_RTS, 0);
	watch_modem(u, cflag);
	spin_unlock_irqrestore(&u->lock, flags);
}

static int uart_open(struct tty *t)
{
	struct uart *u = tty_driver_data(t);
	u32 flags = spin_lock_irqsave(&u->lock);

	if (!u->open) {
		u->open = true;
		set_ier(u, u->throttled ? 0 : RX_BITS, 0);
	}
	if (tty_baud(t))
		set_mcr(u, UART_MCR_DTR | (u->throttled && u->cts_flow ? 0 : UART_MCR_RTS), 0);
	watch_modem(u, tty_cflag(t));
	spin_unlock_irqrestore(&u->lock, flags);
	return 0;
}

/* What arrives while nobody has it open waits in the FIFO, and then at the other end. */
static void uart_close(struct tty *t)
{
	struct uart *u = tty_driver_data(t);
	u32 flags = spin_lock_irqsave(&u->lock);

	u->open = false;
	set_ier(u, 0, RX_BITS | UART_IER_MSI);
	if (tty_cflag(t) & HUPCL)
		set_mcr(u, 0, UART_MCR_DTR | UART_MCR_RTS);
	spin_unlock_irqrestore(&u->lock, flags);
}

static u8 read_msr(struct uart *u)
{
	u32 flags = spin_lock_irqsave(&u->lock);
	u8 msr;

	modem_status(u);
	msr = u->msr;
	spin_unlock_irqrestore(&u->lock, flags);
	return msr;
}

static bool uart_carrier(struct tty *t)
{
	return read_msr(tty_driver_data(t)) & UART_MSR_DCD;
}

static bool uart_tx_empty(struct tty *t)
{
	return uart_in(tty_driver_data(t), UART_LSR) & UART_LSR_TEMT;
}

static int uart_tiocmget(struct tty *t)
{
	struct uart *u = tty_driver_data(t);
	u8 msr = read_msr(u), mcr = u->mcr;

	return (mcr & UART_MCR_DTR ? TIOCM_DTR : 0) | (mcr & UART_MCR_RTS ? TIOCM_RTS : 0) | (mcr & UART_MCR_OUT1 ? TIOCM_OUT1 : 0) |
	       (mcr & UART_MCR_OUT2 ? TIOCM_OUT2 : 0) | (mcr & UART_MCR_LOOP ? TIOCM_LOOP : 0) | (msr & UART_MSR_CTS ? TIOCM_CTS : 0) |
	       (msr & UART_MSR_DSR ? TIOCM_DSR : 0) | (msr & UART_MSR_DCD ? TIOCM_CAR : 0) | (msr & UART_MSR_RI ? TIOCM_RNG : 0);
}

/* Without OUT2: it lets the interrupt through to the bus. */
static u8 mcr_bits(u32 tiocm)
{
	return (u8)((tiocm & TIOCM_DTR ? UART_MCR_DTR : 0) | (tiocm & TIOCM_RTS ? UART_MCR_RTS : 0) | (tiocm & TIOCM_OUT1 ? UART_MCR_OUT1 : 0) |
		    (tiocm & TIOCM_LOOP ? UART_MCR_LOOP : 0));
}

static int uart_tiocmset(struct tty *t, u32 set, u32 clear)
{
	struct uart *u = tty_driver_data(t);
	u32 flags = spin_lock_irqsave(&u->lock);

	set_mcr(u, mcr_bits(set), mcr_bits(clear & ~set));
	spin_unlock_irqrestore(&u->lock, flags);
	return 0;
}

static void set_lcr(struct uart *u, u8 on)
{
	u32 flags = spin_lock_irqsave(&u->lock);

	uart_out(u, UART_LCR, u->lcr | on);
	spin_unlock_irqrestore(&u->lock, flags);
}

static void uart_send_break(struct tty *t, int ms)
{
	struct uart *u = tty_driver_data(t);

	set_lcr(u, UART_LCR_BREAK);
	sleep_ms((u32)ms);
	set_lcr(u, 0);
}

static void uart_icount(struct tty *t, struct serial_icounter *c)
{
	struct uart *u = tty_driver_data(t);
	u32 flags = spin_lock_irqsave(&u->lock);

	*c = u->count;
	spin_unlock_irqrestore(&u->lock, flags);
}

static const struct tty_driver_ops uart_ops = {
	.start_tx = uart_start_tx,
	.set_termios = uart_set_termios,
	.open = uart_open,
	.close = uart_close,
	.tiocmget = uart_tiocmget,
	.tiocmset = uart_tiocmset,
	.send_break = uart_send_break,
	.unthrottle = uart_unthrottle,
	.carrier = uart_carrier,
	.tx_empty = uart_tx_empty,
	.icount = uart_icount,
};

/* ---- /proc/tty/driver/serial, as Linux writes it ---- */

static void show_port(struct seq_buf *s, struct uart *u)
{
	static const struct { int line; const char *name; } lines[] = {
		{ TIOCM_RTS, "RTS" }, { TIOCM_CTS, "CTS" }, { TIOCM_DTR, "DTR" }, { TIOCM_DSR, "DSR" }, { TIOCM_CAR, "CD" }, { TIOCM_RNG, "RI" },
	};
	struct serial_icounter c;
	int on;
	char before = ' ';

	uart_icount(u->tty, &c);
	on = uart_tiocmget(u->tty);
	seq_printf(s, " tx:%d rx:%d", c.tx, c.rx);
	if (c.frame)
		seq_printf(s, " fe:%d", c.frame);
	if (c.parity)
		seq_printf(s, " pe:%d", c.parity);
	if (c.brk)
		seq_printf(s, " brk:%d", c.brk);
	if (c.overrun)
		seq_printf(s, " oe:%d", c.overrun);
	for (u32 i = 0; i < ARRAY_SIZE(lines); i++)
		if (on & lines[i].line) {
			seq_printf(s, "%c%s", before, lines[i].name);
			before = '|';
		}
}

static int serial_show(struct seq_buf *s, void *arg)
{
	seq_puts(s, "serinfo:1.0 driver revision:\n");
	for (u32 i = 0; i < ARRAY_SIZE(uarts); i++) {
		struct uart *u = &uarts[i];

		seq_printf(s, "%u: uart:%s port:%08X irq:%d", i, u->tty ? "16550A" : "unknown", u->base, u->dev ? u->dev->irq : 0);
		if (u->tty)
			show_port(s, u);
		seq_putc(s, '\n');
	}
	return 0;
}

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

static void become_console(struct uart *u)
{
	const char *level = cmdline_get("loglevel");
	u32 v;

	if (level && !kstrtou32(level, 10, &v))
		serial_console.level = (int)v;
	console_uart = u;
	console_register(&serial_console);
}

static int serial_probe(struct platform_device *p)
{
	struct uart *u = &uarts[p->id];
	struct tty *t;
	int error;

	if (u->tty)
		return -EBUSY; /* terminals stay, with or without this binding */
	u->dev = p;
	u->base = p->port;
	spin_lock_init(&u->lock, "uart", RANK_DRIVER);
	if (!uart_present(u))
		return -ENODEV;
	uart_setup(u);
	if ((uart_in(u, UART_IIR) & UART_IIR_FIFO) != UART_IIR_FIFO)
		pr_warn("serial: the UART at port 0x%x has no FIFO\n", p->port);
	ksnprintf(u->name, sizeof(u->name), "ttyS%d", p->id);
	error = request_irq((u32)p->irq, uart_irq, 0, u->name, u); /* all its interrupts are off */
	if (error)
		return error;
	t = tty_register(u->name, MKDEV(SERIAL_MAJOR, SERIAL_FIRST_MINOR + (u32)p->id), &p->dev, &uart_ops, u);
	if (IS_ERR(t)) {
		free_irq((u32)p->irq, u);
		return (int)PTR_ERR(t);
	}
	u->tty = t;
	set_speed(u, tty_baud(t));
	uart_out(u, UART_LCR, u->lcr);
	if (!console_uart)
		become_console(u);
	return 0;
}

static int serial_setup(void)
{
	return proc_create("tty/driver/serial", 0444, serial_show, NULL, NULL);
}

/* A terminal stays: shells and the kernel log hang on it. */
struct platform_driver serial_driver = {
	.name = "serial", .setup = serial_setup, .probe = serial_probe, .driver.suppress_bind_attrs = true,
};
