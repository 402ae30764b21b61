/*
 * The console's keyboard: a handler of the input core that gives the keys of every keyboard to tty1, through the keymap. A program that grabs the
 * device keeps its keys from here. kbd_lock (irqsave) guards the keymap; it is held together with the device's event_lock.
 */
#include "drivers/char/keymap.h"
#include "drivers/char/vga_console.h"
#include "io/contract/input_device.h"
#include "kernel/init.h"
#include "mm/alloc.h"

#define SCROLL_LINES 12

static DEFINE_SPINLOCK(kbd_lock, RANK_DRIVER);
static struct keymap map; /* kbd_lock */

static void show_leds(struct input_handle *h, u8 leds)
{
	input_inject_locked(h, EV_LED, LED_CAPSL, !!(leds & KEYMAP_LED_CAPS));
	input_inject_locked(h, EV_LED, LED_NUML, !!(leds & KEYMAP_LED_NUM));
	input_inject_locked(h, EV_LED, LED_SCROLLL, !!(leds & KEYMAP_LED_SCROLL));
	input_inject_locked(h, EV_SYN, SYN_REPORT, 0);
}

static void kbd_event(struct input_handle *h, u32 type, u32 code, s32 value)
{
	u8 out[KEYMAP_MAX], leds;
	enum key_action action;
	u32 n;

	if (type != EV_KEY)
		return;
	spin_lock(&kbd_lock);
	n = keymap_key(&map, code, value, vga_app_cursor(), out, &action);
	leds = map.leds;
	for (u32 i = 0; i < n; i++)
		tty_receive(vga_tty(), out[i], 0);
	spin_unlock(&kbd_lock);
	if (action == KEY_ACTION_LEDS)
		show_leds(h, leds);
	else if (action != KEY_ACTION_NONE)
		vga_scroll(action == KEY_ACTION_SCROLL_UP ? SCROLL_LINES : -SCROLL_LINES);
}

static bool kbd_match(const struct input_dev *d)
{
	return bitmap_test(d->keybit, KEY_ENTER) && vga_tty();
}

static int kbd_connect(const struct input_handler *handler, struct input_dev *d)
{
	struct input_handle *h = kmalloc(sizeof(*h), GFP_KERNEL);

	if (!h)
		return -ENOMEM;
	*h = (struct input_handle){ .dev = d, .handler = handler, .name = "kbd" };
	input_open_handle(h);
	return 0;
}

static void kbd_disconnect(struct input_handle *h)
{
	input_close_handle(h);
	kfree(h);
}

static struct input_handler kbd_handler = {
	.name = "kbd", .match = kbd_match, .connect = kbd_connect, .disconnect = kbd_disconnect, .event = kbd_event,
};

int vt_keyboard_init(void)
{
	return input_register_handler(&kbd_handler);
}
