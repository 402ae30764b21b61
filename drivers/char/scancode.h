/*
 * Scan code set 1 (as the 8042 translates it) to key codes of the input core. Pure; also compiled by tests/host/test_keymap.c. Rubbish from the
 * wire is ignored and never leaves the state machine stuck.
 */
#ifndef DRIVERS_CHAR_SCANCODE_H
#define DRIVERS_CHAR_SCANCODE_H

#include "kernel/lib/types.h"

#define SCANCODES 0x80u

struct scancode_state {
	bool extended; /* 0xE0 came */
	u8 skip;       /* bytes of the Pause key still to come */
};

/* One byte. The key it is about and whether that goes down; 0: none, or not complete yet. */
u32 scancode_key(struct scancode_state *s, u8 byte, bool *down);
/* The key of one code, alone or after 0xE0; 0: none. */
u32 scancode_to_key(u8 code, bool extended);

#endif
