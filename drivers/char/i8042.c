/*
 * The PS/2 controller: one data port for keyboard (IRQ 1) and mouse (IRQ 12); the status register says whose byte waits there. See i8042.h.
 * i8042_lock (irqsave) guards the registers and what is still to be sent. It is released before a byte goes to its driver, since that ends in
 * the input core, and the input core may come back to send.
 */
#include "drivers/drivers.h"
#include "drivers/char/i8042.h"
#include "drivers/char/i8042_regs.h"
#include "kernel/debug/printk.h"
#include "kernel/hal/port.h"
#include "kernel/hal/time_hw.h"
#include "kernel/irq/irq.h"
#include "kernel/lib/string.h"
#include "kernel/sched/task.h"
#include "kernel/sched/time.h"
#include "kernel/sync/spinlock.h"

#define WAIT_US 20000u    /* the controller takes a byte within this time, or is not there */
#define WAIT_STEP_US 10u
#define ANSWER_MS 500u    /* a device acknowledges within this time */
#define PROBE_MS 100u     /* when nobody knows yet whether there is a device */
#define IRQ_BYTES 32u     /* of one interrupt */

static DEFINE_SPINLOCK(i8042_lock, RANK_DRIVER);
static struct i8042_port kbd_port = { .name = "i8042", .irq = 1 };
static struct i8042_port aux_port = { .name = "i8042", .irq = 12, .aux = true };

/* ---- registers; lock held, or nobody else there yet ---- */

static bool wait_status(u8 mask, u8 value)
{
	for (u32 us = 0; us < WAIT_US; us += WAIT_STEP_US) {
		if ((port_read8(I8042_STATUS) & mask) == value)
			return true;
		udelay(WAIT_STEP_US);
	}
	return false;
}

static bool controller_command(u8 command)
{
	if (!wait_status(I8042_STATUS_IBF, 0))
		return false;
	port_write8(I8042_COMMAND, command);
	return true;
}

static bool send_byte(const struct i8042_port *p, u8 byte)
{
	if (p->aux && !controller_command(I8042_CMD_WRITE_AUX))
		return false;
	if (!wait_status(I8042_STATUS_IBF, 0))
		return false;
	port_write8(I8042_DATA, byte);
	return true;
}

static bool read_config(u8 *config)
{
	if (!controller_command(I8042_CMD_READ_CONFIG) || !wait_status(I8042_STATUS_OBF, I8042_STATUS_OBF))
		return false;
	*config = port_read8(I8042_DATA);
	return true;
}

static bool write_config(u8 config)
{
	return controller_command(I8042_CMD_WRITE_CONFIG) && send_byte(&kbd_port, config);
}

static void drain(void)
{
	for (u32 i = 0; i < IRQ_BYTES && (port_read8(I8042_STATUS) & I8042_STATUS_OBF); i++)
		port_read8(I8042_DATA);
}

/* ---- sending ---- */

static bool sending(const struct i8042_port *p)
{
	return p->out_at < p->out_len;
}

bool i8042_send(struct i8042_port *p, const u8 *bytes, u32 n)
{
	u32 flags = spin_lock_irqsave(&i8042_lock);
	bool free = !sending(p) || ktime_ns() > p->deadline;

	if (free) {
		memcpy(p->out, bytes, n);
		p->out_len = n;
		p->out_at = 0;
		p->deadline = deadline_ms(ANSWER_MS);
		if (!send_byte(p, bytes[0]))
			p->out_at = n;
	}
	spin_unlock_irqrestore(&i8042_lock, flags);
	return free;
}

enum taken { TAKEN_NOT, TAKEN, TAKEN_LAST };

/* Whether a byte is the device's answer to what was sent; then the next one goes out. */
static enum taken take_answer(struct i8042_port *p, u8 byte)
{
	if (!sending(p) || (byte != PS2_ACK && byte != PS2_RESEND))
		return TAKEN_NOT;
	if (byte == PS2_RESEND || ++p->out_at == p->out_len || !send_byte(p, p->out[p->out_at]))
		p->out_at = p->out_len;
	return sending(p) ? TAKEN : TAKEN_LAST;
}

/* ---- interrupts ---- */

/* One byte of this port, if one waits. A byte for a port that nobody drives is thrown away: it would block the other. */
static bool fetch(struct i8042_port *p, u8 *byte, enum taken *taken)
{
	for (u32 i = 0; i < IRQ_BYTES; i++) {
		u8 status = port_read8(I8042_STATUS);
		bool aux = status & I8042_STATUS_AUX;

		if (!(status & I8042_STATUS_OBF))
			return false;
		if (aux != p->aux && (aux ? &aux_port : &kbd_port)->present)
			return false; /* it has an interrupt of its own */
		*byte = port_read8(I8042_DATA);
		if (aux != p->aux)
			continue;
		*taken = take_answer(p, *byte);
		return true;
	}
	return false;
}

static irqreturn_t i8042_irq(int irq, void *dev)
{
	struct i8042_port *p = dev;
	enum taken taken = TAKEN_NOT;
	u32 n = 0;
	u8 byte;

	spin_lock(&i8042_lock);
	while (n < IRQ_BYTES && fetch(p, &byte, &taken)) {
		n++;
		spin_unlock(&i8042_lock);
		if (taken == TAKEN_NOT)
			p->receive(p, byte);
		else if (taken == TAKEN_LAST)
			p->idle(p);
		spin_lock(&i8042_lock);
	}
	bool ours = n || p->took_more;
	p->took_more = n > 1;
	spin_unlock(&i8042_lock);
	return ours ? IRQ_HANDLED : IRQ_NONE;
}

/* ---- probing: without interrupts, nobody else uses the controller ---- */

static int wait_byte(const struct i8042_port *p, u8 *byte)
{
	u64 deadline = deadline_ms(PROBE_MS);

	for (;;) {
		u8 status = port_read8(I8042_STATUS);

		if (status & I8042_STATUS_OBF) {
			*byte = port_read8(I8042_DATA);
			if (!!(status & I8042_STATUS_AUX) == p->aux)
				return 0;
			continue;
		}
		if (ktime_ns() > deadline)
			return -ENODEV;
		cond_resched();
	}
}

int i8042_ask(struct i8042_port *p, u8 byte, u8 *answer, u32 answers)
{
	u8 ack = 0;
	int error = send_byte(p, byte) ? wait_byte(p, &ack) : -EIO;

	if (!error && ack != PS2_ACK)
		error = -EIO;
	for (u32 i = 0; i < answers && !error; i++)
		error = wait_byte(p, &answer[i]);
	return error;
}

static int open_port(struct i8042_port *p, int (*connect)(struct i8042_port *, struct device *), struct device *parent)
{
	int error = connect(p, parent);

	if (error)
		return error;
	p->present = true;
	error = request_irq((u32)p->irq, i8042_irq, 0, p->name, p);
	if (error)
		p->present = false;
	return error;
}

/* Both ports quiet, translation to set 1 on. */
static int controller_setup(u8 *config)
{
	drain(); /* what the firmware left */
	if (!controller_command(I8042_CMD_DISABLE_KBD) || !controller_command(I8042_CMD_DISABLE_AUX))
		return -ENODEV;
	drain();
	if (!read_config(config))
		return -ENODEV;
	*config = (u8)((*config | I8042_CONFIG_TRANSLATE) & ~(I8042_CONFIG_KBD_INT | I8042_CONFIG_AUX_INT));
	if (!write_config(*config) || !controller_command(I8042_CMD_ENABLE_AUX))
		return -ETIMEDOUT;
	return 0;
}

static int i8042_probe(struct platform_device *p)
{
	u32 flags;
	u8 config;
	int error;

	if (port_read8(I8042_STATUS) == 0xff)
		return -ENODEV; /* nothing answers there */
	error = controller_setup(&config);
	if (error)
		return error;
	/* The keyboard keeps still while the mouse's driver asks: its port is off. */
	error = open_port(&kbd_port, atkbd_connect, &p->dev);
	if (error)
		pr_warn("i8042: no keyboard: %pe\n", ERR_PTR(error));
	error = open_port(&aux_port, psmouse_connect, &p->dev);
	if (error && error != -ENODEV)
		pr_warn("i8042: no mouse: %pe\n", ERR_PTR(error));
	if (!kbd_port.present && !aux_port.present)
		return -ENODEV;
	config = (u8)((config | (kbd_port.present ? I8042_CONFIG_KBD_INT : 0) | (aux_port.present ? I8042_CONFIG_AUX_INT : 0)) &
		      ~(I8042_CONFIG_KBD_OFF | (aux_port.present ? I8042_CONFIG_AUX_OFF : 0)));
	flags = spin_lock_irqsave(&i8042_lock);
	if (!aux_port.present)
		controller_command(I8042_CMD_DISABLE_AUX);
	write_config(config);
	controller_command(I8042_CMD_ENABLE_KBD);
	spin_unlock_irqrestore(&i8042_lock, flags);
	return 0;
}

static void close_port(struct i8042_port *p, void (*disconnect)(struct i8042_port *))
{
	if (!p->present)
		return;
	free_irq((u32)p->irq, p);
	disconnect(p);
	p->present = false;
}

static void i8042_remove(struct platform_device *p)
{
	u32 flags = spin_lock_irqsave(&i8042_lock);

	controller_command(I8042_CMD_DISABLE_KBD);
	controller_command(I8042_CMD_DISABLE_AUX);
	spin_unlock_irqrestore(&i8042_lock, flags);
	close_port(&aux_port, psmouse_disconnect);
	close_port(&kbd_port, atkbd_disconnect);
}

struct platform_driver i8042_driver = { .name = "i8042", .probe = i8042_probe, .remove = i8042_remove };
