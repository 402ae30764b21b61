/* See keymap.h. Scancodes: IBM PS/2 Technical Reference, keyboard, scan code set 1. */
#include "drivers/char/keymap.h"
#include "kernel/lib/string.h"

#define RELEASE 0x80u
#define PREFIX_E0 0xe0u
#define PREFIX_E1 0xe1u /* Pause: E1 1D 45 E1 9D C5, no release */
#define PAUSE_REST 2u

/* Codes 0x02..0x0d, 0x10..0x1b, 0x1e..0x29, 0x2b..0x35, 0x39: what is printed on the key, without and with shift. 0: not a character. */
static const u8 plain[0x3a] = {
	[0x02] = '1', '2', '3', '4', '5', '6', '7', '8', '9', '0', '-', '=', [0x10] = 'q', 'w', 'e', 'r', 't', 'y', 'u', 'i', 'o', 'p', '[', ']',
	[0x1e] = 'a', 's', 'd', 'f', 'g', 'h', 'j', 'k', 'l', ';', '\'', '`', [0x2b] = '\\', 'z', 'x', 'c', 'v', 'b', 'n', 'm', ',', '.', '/', [0x39] = ' ',
};
static const u8 shifted[0x3a] = {
	[0x02] = '!', '@', '#', '$', '%', '^', '&', '*', '(', ')', '_', '+', [0x10] = 'Q', 'W', 'E', 'R', 'T', 'Y', 'U', 'I', 'O', 'P', '{', '}',
	[0x1e] = 'A', 'S', 'D', 'F', 'G', 'H', 'J', 'K', 'L', ':', '"', '~', [0x2b] = '|', 'Z', 'X', 'C', 'V', 'B', 'N', 'M', '<', '>', '?', [0x39] = ' ',
};
/* The keypad, 0x47..0x53, with Num Lock. */
static const u8 keypad[] = { '7', '8', '9', '-', '4', '5', '6', '+', '1', '2', '3', '0', '.' };

enum { ESCAPE = 0x01, BACKSPACE = 0x0e, TABULATOR = 0x0f, ENTER = 0x1c, LEFT_CTRL = 0x1d, LEFT_SHIFT = 0x2a, SLASH = 0x35, RIGHT_SHIFT = 0x36,
       KEYPAD_STAR = 0x37, LEFT_ALT = 0x38, CAPS_LOCK = 0x3a, F1 = 0x3b, F10 = 0x44, NUM_LOCK = 0x45, SCROLL_LOCK = 0x46, HOME = 0x47, UP = 0x48,
       PAGE_UP = 0x49, KEYPAD_MINUS = 0x4a, LEFT = 0x4b, KEYPAD_5 = 0x4c, RIGHT = 0x4d, KEYPAD_PLUS = 0x4e, END = 0x4f, DOWN = 0x50, PAGE_DOWN = 0x51,
       INSERT = 0x52, DELETE = 0x53, F11 = 0x57, F12 = 0x58 };

static u8 modifier_of(u8 code, bool extended)
{
	switch (code) {
	case LEFT_SHIFT: return extended ? 0 : KEY_SHIFT; /* E0 2A is a fake shift around the grey keys */
	case RIGHT_SHIFT: return extended ? 0 : KEY_RSHIFT;
	case LEFT_CTRL: return extended ? KEY_RCTRL : KEY_CTRL;
	case LEFT_ALT: return extended ? KEY_RALT : KEY_ALT;
	}
	return 0;
}

static u8 lock_of(u8 code)
{
	return code == CAPS_LOCK ? KEY_LED_CAPS : code == NUM_LOCK ? KEY_LED_NUM : code == SCROLL_LOCK ? KEY_LED_SCROLL : 0;
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
static u32 cursor_key(struct keymap *k, u8 code, bool app, u8 *out, enum key_action *action)
{
	if ((code == PAGE_UP || code == PAGE_DOWN) && (k->down & (KEY_SHIFT | KEY_RSHIFT))) {
		*action = code == PAGE_UP ? KEY_ACTION_SCROLL_UP : KEY_ACTION_SCROLL_DOWN;
		return 0;
	}
	switch (code) {
	case UP: return arrow(out, 'A', app);
	case DOWN: return arrow(out, 'B', app);
	case RIGHT: return arrow(out, 'C', app);
	case LEFT: return arrow(out, 'D', app);
	case HOME: return text(out, "\033[1~");
	case INSERT: return text(out, "\033[2~");
	case DELETE: return text(out, "\033[3~");
	case END: return text(out, "\033[4~");
	case PAGE_UP: return text(out, "\033[5~");
	case PAGE_DOWN: return text(out, "\033[6~");
	case KEYPAD_5: return text(out, "\033[G");
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
	if (k->down & (KEY_ALT | KEY_RALT)) {
		out[0] = 27;
		out[1] = c;
		return 2;
	}
	out[0] = c;
	return 1;
}

static u32 character(struct keymap *k, u8 code, u8 *out)
{
	bool shift = k->down & (KEY_SHIFT | KEY_RSHIFT);
	u8 c = shift ? shifted[code] : plain[code];

	if (!c)
		return 0;
	if ((k->leds & KEY_LED_CAPS) && plain[code] >= 'a' && plain[code] <= 'z')
		c = shift ? plain[code] : shifted[code];
	if (k->down & (KEY_CTRL | KEY_RCTRL)) {
		int control = control_code(c);

		if (control < 0)
			return 0;
		c = (u8)control;
	}
	return with_alt(k, c, out);
}

static u32 press(struct keymap *k, u8 code, bool extended, bool app, u8 *out, enum key_action *action)
{
	if (code >= HOME && code <= DELETE) {
		bool arithmetic = code == KEYPAD_MINUS || code == KEYPAD_PLUS;

		if (!extended && (arithmetic || ((k->leds & KEY_LED_NUM) && !(k->down & (KEY_SHIFT | KEY_RSHIFT)))))
			return with_alt(k, keypad[code - HOME], out);
		return cursor_key(k, code, app, out, action);
	}
	if (extended)
		return code == ENTER ? with_alt(k, '\r', out) : code == SLASH ? with_alt(k, '/', out) : 0;
	if (code >= F1 && code <= F10)
		return function_key(out, code - F1);
	switch (code) {
	case ESCAPE: return with_alt(k, 27, out);
	case BACKSPACE: return with_alt(k, k->down & (KEY_CTRL | KEY_RCTRL) ? 8 : 127, out);
	case TABULATOR:
		return k->down & (KEY_SHIFT | KEY_RSHIFT) ? text(out, "\033[Z") : with_alt(k, '\t', out);
	case ENTER: return with_alt(k, '\r', out);
	case KEYPAD_STAR: return with_alt(k, '*', out);
	case F11:
	case F12: return function_key(out, 10u + (code - F11));
	}
	return code < ARRAY_SIZE(plain) ? character(k, code, out) : 0;
}

u32 keymap_scancode(struct keymap *k, u8 code, bool app_cursor, u8 *out, enum key_action *action)
{
	bool extended = k->extended, released = code & RELEASE;
	u8 modifier, lock;

	*action = KEY_ACTION_NONE;
	if (code == PREFIX_E0) {
		k->extended = true;
		return 0;
	}
	k->extended = false;
	if (code == PREFIX_E1) {
		k->skip = PAUSE_REST;
		return 0;
	}
	if (k->skip) {
		k->skip--;
		return 0;
	}
	code &= (u8)~RELEASE;
	modifier = modifier_of(code, extended);
	if (modifier) {
		k->down = (u8)(released ? k->down & ~modifier : k->down | modifier);
		return 0;
	}
	lock = extended ? 0 : lock_of(code);
	if (lock) {
		if (!released && !(k->locks_held & lock)) {
			k->leds ^= lock;
			*action = KEY_ACTION_LEDS;
		}
		k->locks_held = (u8)(released ? k->locks_held & ~lock : k->locks_held | lock);
		return 0;
	}
	return released ? 0 : press(k, code, extended, app_cursor, out, action);
}
