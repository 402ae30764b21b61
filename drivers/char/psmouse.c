/*
 * The PS/2 mouse: packets of three bytes, or four when it has a wheel, to the input core. Which it has is found by the IntelliMouse "knock": three
 * sample rates in a row that no driver would ask for, after which a mouse with a wheel calls itself 3, one with five buttons 4 (Microsoft,
 * "PS/2 mouse wheel protocol"; packets: IBM PS/2 Technical Reference, "Mouse").
 */
#include "drivers/char/i8042.h"
#include "drivers/char/i8042_regs.h"
#include "io/contract/input_device.h"
#include "kernel/sched/time.h"

#define ID_PLAIN 0
#define ID_WHEEL 3
#define ID_EXPLORER 4
#define RESOLUTION 3u        /* 8 counts a millimetre */
#define RATE 100u            /* packets a second */
#define PACKET_MS 500u       /* a byte that comes later begins a new packet */

#define FIRST_LEFT 0x01u     /* of the first byte of a packet */
#define FIRST_RIGHT 0x02u
#define FIRST_MIDDLE 0x04u
#define FIRST_ALWAYS 0x08u   /* set in each first byte: where a packet begins */
#define FIRST_X_SIGN 0x10u
#define FIRST_Y_SIGN 0x20u
#define FIRST_OVERFLOW 0xc0u /* the counts mean nothing */
#define FOURTH_SIDE 0x10u    /* of the fourth, with five buttons */
#define FOURTH_EXTRA 0x20u

static struct psmouse {
	struct i8042_port *port;
	struct input_dev *input;
	u8 id;
	u8 packet[4]; /* the interrupt's, like the next two */
	u32 at;
	u64 last_ns;
} mouse;

static void report(const u8 *p)
{
	struct input_dev *d = mouse.input;

	input_event(d, EV_KEY, BTN_LEFT, !!(p[0] & FIRST_LEFT));
	input_event(d, EV_KEY, BTN_RIGHT, !!(p[0] & FIRST_RIGHT));
	input_event(d, EV_KEY, BTN_MIDDLE, !!(p[0] & FIRST_MIDDLE));
	if (!(p[0] & FIRST_OVERFLOW)) {
		input_event(d, EV_REL, REL_X, p[0] & FIRST_X_SIGN ? (s32)p[1] - 256 : p[1]);
		input_event(d, EV_REL, REL_Y, -(p[0] & FIRST_Y_SIGN ? (s32)p[2] - 256 : p[2])); /* a screen counts downwards */
	}
	if (mouse.id == ID_WHEEL) {
		input_event(d, EV_REL, REL_WHEEL, -(s8)p[3]);
	} else if (mouse.id == ID_EXPLORER) {
		input_event(d, EV_REL, REL_WHEEL, -((s8)(p[3] << 4) >> 4));
		input_event(d, EV_KEY, BTN_SIDE, !!(p[3] & FOURTH_SIDE));
		input_event(d, EV_KEY, BTN_EXTRA, !!(p[3] & FOURTH_EXTRA));
	}
	input_sync(d);
}

static void psmouse_receive(struct i8042_port *p, u8 byte)
{
	u64 now = ktime_ns();

	if (now - mouse.last_ns > PACKET_MS * NSEC_PER_MSEC)
		mouse.at = 0;
	mouse.last_ns = now;
	if (!mouse.at && !(byte & FIRST_ALWAYS))
		return; /* in the middle of a packet: wait for the next */
	mouse.packet[mouse.at++] = byte;
	if (mouse.at < (mouse.id == ID_PLAIN ? 3u : 4u))
		return;
	mouse.at = 0;
	report(mouse.packet);
}

static void psmouse_idle(struct i8042_port *p)
{
}

static int set_rate(u8 rate)
{
	int error = i8042_ask(mouse.port, PS2_CMD_SET_RATE, NULL, 0);

	return error ? error : i8042_ask(mouse.port, rate, NULL, 0);
}

/* The id after a knock. */
static int knock(u8 a, u8 b, u8 c)
{
	int error = set_rate(a);

	if (!error)
		error = set_rate(b);
	if (!error)
		error = set_rate(c);
	return error ? error : i8042_ask(mouse.port, PS2_CMD_GET_ID, &mouse.id, 1);
}

static int setup(void)
{
	int error = i8042_ask(mouse.port, PS2_CMD_DEFAULTS, NULL, 0);

	if (!error)
		error = knock(200, 100, 80);
	if (!error && mouse.id == ID_WHEEL)
		error = knock(200, 200, 80);
	if (!error)
		error = i8042_ask(mouse.port, MOUSE_CMD_SET_RESOLUTION, NULL, 0);
	if (!error)
		error = i8042_ask(mouse.port, RESOLUTION, NULL, 0);
	if (!error)
		error = set_rate(RATE);
	return error ? error : i8042_ask(mouse.port, PS2_CMD_ENABLE, NULL, 0);
}

static void describe(struct input_dev *d)
{
	static const u16 products[] = { [ID_PLAIN] = 1, [ID_WHEEL] = 5, [ID_EXPLORER] = 6 };
	u32 last = mouse.id == ID_EXPLORER ? BTN_EXTRA : BTN_MIDDLE;

	d->name = mouse.id == ID_PLAIN ? "PS/2 Generic Mouse" : mouse.id == ID_WHEEL ? "ImPS/2 Generic Wheel Mouse" :
			"ImExPS/2 Generic Explorer Mouse";
	d->phys = "isa0060/serio1/input0";
	d->id = (struct input_id){ .bustype = BUS_I8042, .vendor = 2, .product = products[mouse.id], .version = mouse.id };
	for (u32 button = BTN_LEFT; button <= last; button++)
		input_can(d, EV_KEY, d->keybit, button);
	input_can(d, EV_REL, d->relbit, REL_X);
	input_can(d, EV_REL, d->relbit, REL_Y);
	if (mouse.id != ID_PLAIN)
		input_can(d, EV_REL, d->relbit, REL_WHEEL);
	bitmap_set(d->propbit, INPUT_PROP_POINTER);
}

int psmouse_connect(struct i8042_port *p, struct device *parent)
{
	struct input_dev *d;
	int error;

	mouse = (struct psmouse){ .port = p };
	error = setup();
	if (!error && mouse.id != ID_WHEEL && mouse.id != ID_EXPLORER)
		mouse.id = ID_PLAIN;
	if (error)
		return error;
	d = input_allocate_device();
	if (!d)
		return -ENOMEM;
	describe(d);
	d->dev.parent = parent;
	mouse.input = d;
	p->receive = psmouse_receive;
	p->idle = psmouse_idle;
	error = input_register_device(d);
	if (error)
		input_free_device(d);
	return error;
}

void psmouse_disconnect(struct i8042_port *p)
{
	input_unregister_device(mouse.input);
	mouse.input = NULL;
}
