/* See scancode.h. Codes: IBM PS/2 Technical Reference, keyboard, scan code set 1; the multimedia keys: Microsoft, "Keyboard Scan Code Specification". */
#include "drivers/char/scancode.h"
#include "kernel/uapi/input.h"

#define RELEASE 0x80u
#define PREFIX_E0 0xe0u
#define PREFIX_E1 0xe1u /* Pause: E1 1D 45 goes down, E1 9D C5 up */
#define PAUSE_REST 2u

/* Up to here key codes are the scan codes. */
#define LAST_SAME KEY_KPDOT

static const u8 above[] = {
	[0x54] = KEY_SYSRQ, [0x56] = KEY_102ND, KEY_F11, KEY_F12, [0x70] = KEY_KATAKANAHIRAGANA, [0x73] = KEY_RO, [0x79] = KEY_HENKAN,
	[0x7b] = KEY_MUHENKAN, [0x7d] = KEY_YEN,
};
static const u8 after_e0[] = {
	[0x10] = KEY_PREVIOUSSONG, [0x19] = KEY_NEXTSONG, [0x1c] = KEY_KPENTER, KEY_RIGHTCTRL, [0x20] = KEY_MUTE, KEY_CALC, KEY_PLAYPAUSE,
	[0x24] = KEY_STOPCD, [0x2e] = KEY_VOLUMEDOWN, [0x30] = KEY_VOLUMEUP, [0x32] = KEY_HOMEPAGE, [0x35] = KEY_KPSLASH, [0x37] = KEY_SYSRQ,
	[0x38] = KEY_RIGHTALT, [0x46] = KEY_PAUSE, KEY_HOME, KEY_UP, KEY_PAGEUP, [0x4b] = KEY_LEFT, [0x4d] = KEY_RIGHT, [0x4f] = KEY_END,
	KEY_DOWN, KEY_PAGEDOWN, KEY_INSERT, KEY_DELETE, [0x5b] = KEY_LEFTMETA, KEY_RIGHTMETA, KEY_COMPOSE, KEY_POWER, KEY_SLEEP,
	[0x63] = KEY_WAKEUP, [0x67] = KEY_REFRESH, [0x69] = KEY_FORWARD, KEY_BACK, KEY_COMPUTER, KEY_MAIL, KEY_MEDIA,
};

u32 scancode_to_key(u8 code, bool extended)
{
	if (extended) /* without 2A and 36: fake shifts around the grey keys */
		return code < ARRAY_SIZE(after_e0) ? after_e0[code] : 0;
	if (code <= LAST_SAME)
		return code;
	return code < ARRAY_SIZE(above) ? above[code] : 0;
}

u32 scancode_key(struct scancode_state *s, u8 byte, bool *down)
{
	bool extended = s->extended;

	*down = !(byte & RELEASE);
	s->extended = byte == PREFIX_E0;
	if (s->extended)
		return 0;
	if (byte == PREFIX_E1) {
		s->skip = PAUSE_REST;
		return 0;
	}
	if (s->skip)
		return --s->skip ? 0 : KEY_PAUSE;
	return scancode_to_key(byte & (u8)~RELEASE, extended);
}
