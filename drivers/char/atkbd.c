/*
 * The PS/2 keyboard: scan code set 1, as the 8042 translates it, to key events of the input core; its lights from EV_LED. What the keys mean
 * is for the handlers (vt_keyboard.c, evdev).
 */
#include "drivers/char/i8042.h"
#include "drivers/char/i8042_regs.h"
#include "drivers/char/scancode.h"
#include "io/contract/input_device.h"

static struct atkbd {
	struct i8042_port *port;
	struct input_dev *input;
	struct scancode_state state; /* only the interrupt */
	u8 leds;                     /* input->event_lock: as they shall be, the bits of command 0xED */
	bool leds_due;               /* input->event_lock: they changed while the port was busy */
} kbd;

static void send_leds(void)
{
	const u8 bytes[] = { KBD_CMD_SET_LEDS, kbd.leds };

	kbd.leds_due = !i8042_send(kbd.port, bytes, sizeof(bytes));
}

static void atkbd_event(struct input_dev *d, u32 type, u32 code, s32 value)
{
	static const u8 bits[] = { [LED_SCROLLL] = 0x01, [LED_NUML] = 0x02, [LED_CAPSL] = 0x04 };

	if (type != EV_LED || code >= ARRAY_SIZE(bits))
		return;
	kbd.leds = (u8)(value ? kbd.leds | bits[code] : kbd.leds & ~bits[code]);
	send_leds();
}

static void atkbd_idle(struct i8042_port *p)
{
	u32 flags = spin_lock_irqsave(&kbd.input->event_lock);

	if (kbd.leds_due)
		send_leds();
	spin_unlock_irqrestore(&kbd.input->event_lock, flags);
}

static void atkbd_receive(struct i8042_port *p, u8 byte)
{
	struct input_dev *d = kbd.input;
	bool down;
	u32 key = scancode_key(&kbd.state, byte, &down);

	if (!key)
		return;
	input_event(d, EV_MSC, MSC_SCAN, (s32)(byte & 0x7f));
	/* The keyboard repeats by sending the key again. Only this interrupt changes d->key. */
	input_event(d, EV_KEY, key, down ? bitmap_test(d->key, key) ? 2 : 1 : 0);
	input_sync(d);
}

int atkbd_connect(struct i8042_port *p, struct device *parent)
{
	struct input_dev *d = input_allocate_device();
	int error;

	if (!d)
		return -ENOMEM;
	d->name = "AT Translated Set 2 keyboard";
	d->phys = "isa0060/serio0/input0";
	d->id = (struct input_id){ .bustype = BUS_I8042, .vendor = 1, .product = 1, .version = 0xab41 };
	d->dev.parent = parent;
	d->event = atkbd_event;
	for (u32 i = 0; i < 2 * SCANCODES; i++)
		if (scancode_to_key(i % SCANCODES, i >= SCANCODES))
			input_can(d, EV_KEY, d->keybit, scancode_to_key(i % SCANCODES, i >= SCANCODES));
	input_can(d, EV_KEY, d->keybit, KEY_PAUSE);
	input_can(d, EV_MSC, d->mscbit, MSC_SCAN);
	for (u32 led = LED_NUML; led <= LED_SCROLLL; led++)
		input_can(d, EV_LED, d->ledbit, led);
	kbd = (struct atkbd){ .port = p, .input = d };
	p->receive = atkbd_receive;
	p->idle = atkbd_idle;
	error = input_register_device(d);
	if (error)
		input_free_device(d);
	return error;
}

void atkbd_disconnect(struct i8042_port *p)
{
	input_unregister_device(kbd.input);
	kbd.input = NULL;
}
