/*
 * From scancodes of set 1 (as the 8042 translates them) to the bytes a terminal gets, US layout. Pure; also compiled by tests/host/test_keymap.c.
 * Sequences are those of TERM=linux. Rubbish from the wire is ignored and never leaves the state machine stuck.
 */
#ifndef DRIVERS_CHAR_KEYMAP_H
#define DRIVERS_CHAR_KEYMAP_H

#include "kernel/lib/types.h"

#define KEY_LED_SCROLL BIT(0) /* the bits of the keyboard's command 0xED */
#define KEY_LED_NUM BIT(1)
#define KEY_LED_CAPS BIT(2)

#define KEY_SHIFT BIT(0)
#define KEY_RSHIFT BIT(1)
#define KEY_CTRL BIT(2)
#define KEY_RCTRL BIT(3)
#define KEY_ALT BIT(4)
#define KEY_RALT BIT(5)

enum key_action { KEY_ACTION_NONE, KEY_ACTION_SCROLL_UP, KEY_ACTION_SCROLL_DOWN, KEY_ACTION_LEDS };

struct keymap {
	u8 down;        /* KEY_SHIFT ...: modifiers that are held */
	u8 leds;        /* KEY_LED_*: locks that are on */
	u8 locks_held;  /* locks whose key is down: they change once a press, not with auto-repeat */
	bool extended;  /* 0xE0 came */
	u8 skip;        /* bytes of the Pause key still to come */
};
#define KEYMAP_MAX 8u /* bytes one key gives at most */

/* One scancode. Returns how many bytes of out (KEYMAP_MAX) are for the terminal; *action: what else to do. app_cursor: arrows in application mode. */
u32 keymap_scancode(struct keymap *k, u8 code, bool app_cursor, u8 *out, enum key_action *action);

#endif
