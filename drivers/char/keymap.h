/*
 * From keys (codes of the input core) to the bytes a terminal gets, US layout. Pure; also compiled by tests/host/test_keymap.c.
 * Sequences are those of TERM=linux.
 */
#ifndef DRIVERS_CHAR_KEYMAP_H
#define DRIVERS_CHAR_KEYMAP_H

#include "kernel/lib/types.h"

#define KEYMAP_LED_SCROLL BIT(0)
#define KEYMAP_LED_NUM BIT(1)
#define KEYMAP_LED_CAPS BIT(2)

#define KEYMAP_SHIFT BIT(0)
#define KEYMAP_RSHIFT BIT(1)
#define KEYMAP_CTRL BIT(2)
#define KEYMAP_RCTRL BIT(3)
#define KEYMAP_ALT BIT(4)
#define KEYMAP_RALT BIT(5)

enum key_action { KEY_ACTION_NONE, KEY_ACTION_SCROLL_UP, KEY_ACTION_SCROLL_DOWN, KEY_ACTION_LEDS };

struct keymap {
	u8 down; /* KEYMAP_SHIFT ...: modifiers that are held */
	u8 leds; /* KEYMAP_LED_*: locks that are on */
};
#define KEYMAP_MAX 8u /* bytes one key gives at most */

/*
 * A key goes up (value 0), down (1) or repeats (2). Returns how many bytes of out (KEYMAP_MAX) are for the terminal; *action: what else to do.
 * app_cursor: arrows in application mode.
 */
u32 keymap_key(struct keymap *k, u32 key, s32 value, bool app_cursor, u8 *out, enum key_action *action);

#endif
