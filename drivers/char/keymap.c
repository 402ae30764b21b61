/* See keymap.h. */
#include "drivers/char/keymap.h"
#include "kernel/lib/string.h"
#include "kernel/uapi/input.h"

/* Keys 0x02..0x0d, 0x10..0x1b, 0x1e..0x29, 0x2b..0x35, 0x39: what is printed on them, without and with shift. 0: not a character. */
static const u8 plain[0x3a] = {
	[0x02] = '1', '2', '3', '4', '5', '6', '7', '8', '9', '0', '-', '=', [0x10] = 'q', 'w', 'e', 'r', 't', 'y', 'u', 'i', 'o', 'p', '[', ']',
	[0x1e] = 'a', 's', 'd', 'f', 'g', 'h', 'j', 'k', 'l', ';', '\'', '`', [0x2b] = '\\', 'z', 'x', 'c', 'v', 'b', 'n', 'm', ',', '.', '/', [0x39] = ' ',
};
static const u8 shifted[0x3a] = {
	[0x02] = '!', '@', '#', '$', '%', '^', '&', '*', '(', ')', '_', '+', [0x10] = 'Q', 'W', 'E', 'R', 'T', 'Y', 'U', 'I', 'O', 'P', '{', '}',
	[0x1e] = 'A', 'S', 'D', 'F', 'G', 'H', 'J', 'K', 'L', ':', '"', '~', [0x2b] = '|', 'Z', 'X', 'C', 'V', 'B', 'N', 'M', '<', '>', '?', [0x39] = ' ',
};
/* The keypad, KEY_KP7 to KEY_KPDOT, with Num Lock; and the grey key that each is without. */
static const u8 keypad[] = { '7', '8', '9', '-', '4', '5', '6', '+', '1', '2', '3', '0', '.' };
static const u8 keypad_grey[] = { KEY_HOME, KEY_UP, KEY_PAGEUP, 0, KEY_LEFT, KEY_KP5, KEY_RIGHT, 0, KEY_END, KEY_DOWN, KEY_PAGEDOWN, KEY_INSERT, KEY_DELETE };

#define SHIFTS (KEYMAP_SHIFT | KEYMAP_RSHIFT)
#define CTRLS (KEYMAP_CTRL | KEYMAP_RCTRL)
#define ALTS (KEYMAP_ALT | KEYMAP_RALT)

static u8 modifier_of(u32 key)
{
	switch (key) {
	case KEY_LEFTSHIFT: return KEYMAP_SHIFT;
	case KEY_RIGHTSHIFT: return KEYMAP_RSHIFT;
	case KEY_LEFTCTRL: return KEYMAP_CTRL;
	case KEY_RIGHTCTRL: return KEYMAP_RCTRL;
	case KEY_LEFTALT: return KEYMAP_ALT;
	case KEY_RIGHTALT: return KEYMAP_RALT;
	}
	return 0;
}

static u8 lock_of(u32 key)
{
	return key == KEY_CAPSLOCK ? KEYMAP_LED_CAPS : key == KEY_NUMLOCK ? KEYMAP_LED_NUM : key == KEY_SCROLLLOCK ? KEYMAP_LED_SCROLL : 0;
}

static u32 text(u8 *out, const char *s)
{
	u32 n = (u32)strlen(s);

	memcpy(out, s, n);
	return n;
}

static u32 arrow(u8 *out, char letter, bool app)
{
	out[0] = 27;
	out[1] = app ? 'O' : '[';
	out[2] = (u8)letter;
	return 3;
}

static u32 function_key(u8 *out, u32 n)
{
	static const char *const keys[] = { "\033[[A", "\033[[B", "\033[[C", "\033[[D", "\033[[E", "\033[17~", "\033[18~", "\033[19~", "\033[20~", "\033[21~",
					    "\033[23~", "\033[24~" };

	return text(out, keys[n]);
}

/* The keys between the letters and the keypad, and the keypad without Num Lock. */
static u32 cursor_key(struct keymap *k, u32 key, bool app, u8 *out, enum key_action *action)
{
	if ((key == KEY_PAGEUP || key == KEY_PAGEDOWN) && (k->down & SHIFTS)) {
		*action = key == KEY_PAGEUP ? KEY_ACTION_SCROLL_UP : KEY_ACTION_SCROLL_DOWN;
		return 0;
	}
	switch (key) {
	case KEY_UP: return arrow(out, 'A', app);
	case KEY_DOWN: return arrow(out, 'B', app);
	case KEY_RIGHT: return arrow(out, 'C', app);
	case KEY_LEFT: return arrow(out, 'D', app);
	case KEY_HOME: return text(out, "\033[1~");
	case KEY_INSERT: return text(out, "\033[2~");
	case KEY_DELETE: return text(out, "\033[3~");
	case KEY_END: return text(out, "\033[4~");
	case KEY_PAGEUP: return text(out, "\033[5~");
	case KEY_PAGEDOWN: return text(out, "\033[6~");
	case KEY_KP5: return text(out, "\033[G");
	}
	return 0;
}

/* Ctrl and a character: the control codes of ASCII; digits and signs as on a VT220 and on the Linux console. -1: none. */
static int control_code(u8 c)
{
	static const char digits[] = { 0, 27, 28, 29, 30, 31, 127 }; /* Ctrl-2 .. Ctrl-8 */

	if (c >= '2' && c <= '8')
		return digits[c - '2'];
	if (c == ' ' || c == '`')
		return 0;
	if (c == '?')
		return 127;
	if (c == '/' || c == '-')
		return 31;
	return (c >= '@' && c <= '_') || (c >= 'a' && c <= 'z') ? c & 0x1f : -1;
}

static u32 with_alt(struct keymap *k, u8 c, u8 *out)
{
	if (k->down & ALTS) {
		out[0] = 27;
		out[1] = c;
		return 2;
	}
	out[0] = c;
	return 1;
}

static u32 character(struct keymap *k, u32 key, u8 *out)
{
	bool shift = k->down & SHIFTS;
	u8 c = shift ? shifted[key] : plain[key];

	if (!c)
		return 0;
	if ((k->leds & KEYMAP_LED_CAPS) && plain[key] >= 'a' && plain[key] <= 'z')
		c = shift ? plain[key] : shifted[key];
	if (k->down & CTRLS) {
		int control = control_code(c);

		if (control < 0)
			return 0;
		c = (u8)control;
	}
	return with_alt(k, c, out);
}

static u32 press(struct keymap *k, u32 key, bool app, u8 *out, enum key_action *action)
{
	if (key >= KEY_KP7 && key <= KEY_KPDOT) {
		u32 grey = keypad_grey[key - KEY_KP7];

		if (!grey || ((k->leds & KEYMAP_LED_NUM) && !(k->down & SHIFTS)))
			return with_alt(k, keypad[key - KEY_KP7], out);
		return cursor_key(k, grey, app, out, action);
	}
	if (key >= KEY_F1 && key <= KEY_F10)
		return function_key(out, key - KEY_F1);
	switch (key) {
	case KEY_ESC: return with_alt(k, 27, out);
	case KEY_BACKSPACE: return with_alt(k, k->down & CTRLS ? 8 : 127, out);
	case KEY_TAB: return k->down & SHIFTS ? text(out, "\033[Z") : with_alt(k, '\t', out);
	case KEY_ENTER:
	case KEY_KPENTER: return with_alt(k, '\r', out);
	case KEY_KPASTERISK: return with_alt(k, '*', out);
	case KEY_KPSLASH: return with_alt(k, '/', out);
	case KEY_F11:
	case KEY_F12: return function_key(out, 10u + (key - KEY_F11));
	}
	return key < ARRAY_SIZE(plain) ? character(k, key, out) : cursor_key(k, key, app, out, action);
}

u32 keymap_key(struct keymap *k, u32 key, s32 value, bool app_cursor, u8 *out, enum key_action *action)
{
	u8 modifier = modifier_of(key), lock = lock_of(key);

	*action = KEY_ACTION_NONE;
	if (modifier) {
		k->down = (u8)(value ? k->down | modifier : k->down & ~modifier);
		return 0;
	}
	if (lock) {
		if (value == 1) {
			k->leds ^= lock;
			*action = KEY_ACTION_LEDS;
		}
		return 0;
	}
	return value ? press(k, key, app_cursor, out, action) : 0;
}
