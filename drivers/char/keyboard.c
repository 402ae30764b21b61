/*
 * The PS/2 keyboard on IRQ 1: scancodes through the keymap to tty1. The lights are set by two bytes, each acknowledged by the keyboard; the
 * interrupt handler drives that exchange, so nothing waits for it. kbd_lock (irqsave) guards the keymap and the exchange.
 */
#include "drivers/bus/platform.h"
#include "drivers/char/i8042_regs.h"
#include "drivers/char/vga_console.h"
#include "drivers/char/keymap.h"
#include "kernel/debug/printk.h"
#include "kernel/hal/port.h"
#include "kernel/hal/time_hw.h"
#include "kernel/init.h"
#include "kernel/irq/irq.h"
#include "kernel/sched/time.h"
#include "kernel/sync/spinlock.h"

#define WAIT_US 20000u    /* the controller takes a byte within this time, or is not there */
#define WAIT_STEP_US 10u
#define LED_ANSWER_MS 500u
#define IRQ_BYTES 32u     /* of one interrupt */
#define SCROLL_LINES 12

enum led_state { LED_IDLE, LED_COMMAND_SENT, LED_VALUE_SENT };

static DEFINE_SPINLOCK(kbd_lock, RANK_DRIVER);
static struct keymap map;          /* kbd_lock */
static enum led_state led_state;   /* kbd_lock */
static bool led_again;             /* kbd_lock: they changed meanwhile */
static u64 led_deadline;           /* kbd_lock: the exchange is given up then, at the next change */

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

static bool send_data(u8 data)
{
	if (!wait_status(I8042_STATUS_IBF, 0))
		return false;
	port_write8(I8042_DATA, data);
	return true;
}

static void leds_start(void)
{
	if (led_state != LED_IDLE && ktime_ns() < led_deadline) {
		led_again = true;
		return;
	}
	led_again = false;
	led_state = LED_IDLE;
	led_deadline = deadline_ms(LED_ANSWER_MS);
	if (send_data(KBD_CMD_SET_LEDS))
		led_state = LED_COMMAND_SENT;
}

/* true: the byte belonged to the exchange about the lights. */
static bool leds_answer(u8 byte)
{
	if (led_state == LED_IDLE || (byte != KBD_ACK && byte != KBD_RESEND))
		return false;
	if (byte == KBD_ACK && led_state == LED_COMMAND_SENT && send_data(map.leds)) {
		led_state = LED_VALUE_SENT;
		return true;
	}
	led_state = LED_IDLE;
	if (led_again)
		leds_start();
	return true;
}

static void key(u8 code)
{
	u8 out[KEYMAP_MAX];
	enum key_action action;
	u32 n = keymap_scancode(&map, code, vga_app_cursor(), out, &action);

	for (u32 i = 0; i < n; i++)
		tty_receive(vga_tty(), out[i], 0);
	if (action == KEY_ACTION_LEDS)
		leds_start();
	else if (action != KEY_ACTION_NONE)
		vga_scroll(action == KEY_ACTION_SCROLL_UP ? SCROLL_LINES : -SCROLL_LINES);
}

static irqreturn_t kbd_irq(int irq, void *dev)
{
	irqreturn_t r = IRQ_NONE;

	spin_lock(&kbd_lock);
	for (u32 i = 0; i < IRQ_BYTES; i++) {
		u8 status = port_read8(I8042_STATUS), byte;

		if (!(status & I8042_STATUS_OBF))
			break;
		byte = port_read8(I8042_DATA);
		r = IRQ_HANDLED;
		if (status & I8042_STATUS_AUX)
			continue; /* nobody drives the mouse: its byte must not block the keyboard */
		if (!leds_answer(byte))
			key(byte);
	}
	spin_unlock(&kbd_lock);
	return r;
}

/* Turn the keyboard port and its interrupt on, translation to set 1 too. */
static int controller_setup(void)
{
	u8 config;

	for (u32 i = 0; i < IRQ_BYTES && (port_read8(I8042_STATUS) & I8042_STATUS_OBF); i++)
		port_read8(I8042_DATA); /* what the firmware left */
	if (!controller_command(I8042_CMD_READ_CONFIG) || !wait_status(I8042_STATUS_OBF, I8042_STATUS_OBF))
		return -ENODEV;
	config = port_read8(I8042_DATA);
	config = (u8)((config | I8042_CONFIG_KBD_INT | I8042_CONFIG_TRANSLATE) & ~I8042_CONFIG_KBD_OFF);
	if (!controller_command(I8042_CMD_WRITE_CONFIG) || !send_data(config) || !controller_command(I8042_CMD_ENABLE_KBD))
		return -ETIMEDOUT;
	return 0;
}

static int kbd_probe(struct platform_device *p)
{
	int error = vga_tty() ? 0 : -ENODEV;
	u32 flags;

	if (!error && port_read8(I8042_STATUS) == 0xff)
		error = -ENODEV; /* nothing answers there */
	if (!error)
		error = request_irq((u32)p->irq, kbd_irq, 0, "i8042", p);
	if (error)
		return error;
	/* The handler must not take the controller's answers. */
	flags = spin_lock_irqsave(&kbd_lock);
	error = controller_setup();
	spin_unlock_irqrestore(&kbd_lock, flags);
	if (error)
		free_irq((u32)p->irq, p);
	return error;
}

static void kbd_remove(struct platform_device *p)
{
	free_irq((u32)p->irq, p);
}

static struct platform_driver kbd_driver = { .name = "i8042", .probe = kbd_probe, .remove = kbd_remove };
static struct platform_device kbd_device = { .name = "i8042", .id = -1, .port = I8042_DATA, .nr_ports = I8042_NR_PORTS, .irq = 1 };

int keyboard_init(void)
{
	int error = platform_driver_register(&kbd_driver);

	return error ? error : platform_device_register(&kbd_device);
}
