/*
 * Scan codes to keys to bytes: every key of the US layout alone, with shift and with ctrl; locks, keypad, cursor keys, rubbish.
 * SOURCES: drivers/char/keymap.c drivers/char/scancode.c
 */
#include "tests/host/host_test.h"

#include <string.h>

#include "drivers/char/keymap.h"
#include "drivers/char/scancode.h"
#include "kernel/uapi/input.h"

static struct keymap k;
static struct scancode_state state;
static bool held[KEY_CNT]; /* what the input core knows */
static enum key_action action;

static const char *code(u8 c)
{
	static u8 out[KEYMAP_MAX + 1];
	bool down;
	u32 key = scancode_key(&state, c, &down), n = 0;

	memset(out, 0, sizeof(out));
	action = KEY_ACTION_NONE;
	if (key && (down || held[key]))
		n = keymap_key(&k, key, down ? held[key] ? 2 : 1 : 0, false, out, &action);
	held[key] = key && down;
	out[n] = 0;
	return (char *)out;
}

static const char *extended(u8 c)
{
	code(0xe0);
	return code(c);
}

static void start(void)
{
	memset(&k, 0, sizeof(k));
	memset(&state, 0, sizeof(state));
	memset(held, 0, sizeof(held));
}

/* Every printing key: scancode, alone, with shift. */
static const struct { u8 code; char plain, shifted; } keys[] = {
	{ 0x02, '1', '!' }, { 0x03, '2', '@' }, { 0x04, '3', '#' }, { 0x05, '4', '$' }, { 0x06, '5', '%' }, { 0x07, '6', '^' }, { 0x08, '7', '&' },
	{ 0x09, '8', '*' }, { 0x0a, '9', '(' }, { 0x0b, '0', ')' }, { 0x0c, '-', '_' }, { 0x0d, '=', '+' }, { 0x10, 'q', 'Q' }, { 0x11, 'w', 'W' },
	{ 0x12, 'e', 'E' }, { 0x13, 'r', 'R' }, { 0x14, 't', 'T' }, { 0x15, 'y', 'Y' }, { 0x16, 'u', 'U' }, { 0x17, 'i', 'I' }, { 0x18, 'o', 'O' },
	{ 0x19, 'p', 'P' }, { 0x1a, '[', '{' }, { 0x1b, ']', '}' }, { 0x1e, 'a', 'A' }, { 0x1f, 's', 'S' }, { 0x20, 'd', 'D' }, { 0x21, 'f', 'F' },
	{ 0x22, 'g', 'G' }, { 0x23, 'h', 'H' }, { 0x24, 'j', 'J' }, { 0x25, 'k', 'K' }, { 0x26, 'l', 'L' }, { 0x27, ';', ':' }, { 0x28, '\'', '"' },
	{ 0x29, '`', '~' }, { 0x2b, '\\', '|' }, { 0x2c, 'z', 'Z' }, { 0x2d, 'x', 'X' }, { 0x2e, 'c', 'C' }, { 0x2f, 'v', 'V' }, { 0x30, 'b', 'B' },
	{ 0x31, 'n', 'N' }, { 0x32, 'm', 'M' }, { 0x33, ',', '<' }, { 0x34, '.', '>' }, { 0x35, '/', '?' }, { 0x39, ' ', ' ' },
};

TEST(every_key_alone_and_with_shift)
{
	start();
	for (u32 i = 0; i < ARRAY_SIZE(keys); i++) {
		CHECK_EQ(code(keys[i].code)[0], keys[i].plain);
		CHECK_EQ(strlen(code(keys[i].code | 0x80)), 0);
	}
	code(0x2a);
	for (u32 i = 0; i < ARRAY_SIZE(keys); i++)
		CHECK_EQ(code(keys[i].code)[0], keys[i].shifted);
	code(0xaa);
	CHECK_EQ(code(0x1e)[0], 'a');
}

TEST(ctrl_gives_control_codes)
{
	start();
	code(0x1d);
	for (u32 i = 0; i < ARRAY_SIZE(keys); i++)
		if (keys[i].plain >= 'a' && keys[i].plain <= 'z')
			CHECK_EQ(code(keys[i].code)[0], keys[i].plain & 0x1f);
	CHECK_EQ(code(0x1a)[0], 27);
	CHECK_EQ(code(0x2b)[0], 28);
	CHECK_EQ(code(0x1b)[0], 29);
	CHECK_EQ(code(0x0c)[0], 31);
	CHECK_EQ(code(0x35)[0], 31);
	CHECK_EQ(code(0x09)[0], 127);
	CHECK_EQ(strlen(code(0x0d)), 0); /* = has no control code */
	code(0x9d);
	extended(0x1d); /* the right one too */
	CHECK_EQ(code(0x2e)[0], 3);
	extended(0x9d);
	CHECK_EQ(code(0x2e)[0], 'c');
}

TEST(other_keys)
{
	start();
	CHECK(!strcmp(code(0x1c), "\r"));
	CHECK(!strcmp(extended(0x1c), "\r"));
	CHECK(!strcmp(code(0x0e), "\177"));
	CHECK(!strcmp(code(0x0f), "\t"));
	CHECK(!strcmp(code(0x01), "\033"));
	CHECK(!strcmp(code(0x3b), "\033[[A"));
	CHECK(!strcmp(code(0x58), "\033[24~"));
	CHECK(!strcmp(extended(0x48), "\033[A"));
	CHECK(!strcmp(extended(0x53), "\033[3~"));
	CHECK(!strcmp(extended(0x35), "/"));
	code(0x38);
	CHECK(!strcmp(code(0x1e), "\033a"));
	code(0xb8);
}

TEST(locks)
{
	start();
	code(0x3a);
	CHECK_EQ(action, KEY_ACTION_LEDS);
	CHECK_EQ(k.leds, KEYMAP_LED_CAPS);
	code(0x3a); /* auto-repeat */
	CHECK_EQ(k.leds, KEYMAP_LED_CAPS);
	code(0xba);
	CHECK_EQ(code(0x1e)[0], 'A');
	CHECK_EQ(code(0x02)[0], '1'); /* letters only */
	code(0x2a);
	CHECK_EQ(code(0x1e)[0], 'a');
	code(0xaa);
	code(0xba);
	code(0x3a);
	CHECK_EQ(k.leds, 0);
}

TEST(keypad)
{
	start();
	CHECK(!strcmp(code(0x47), "\033[1~"));
	code(0x45);
	code(0xc5);
	CHECK(!strcmp(code(0x47), "7"));
	CHECK(!strcmp(code(0x53), "."));
	CHECK(!strcmp(code(0x4e), "+"));
	CHECK(!strcmp(extended(0x47), "\033[1~")); /* the grey one is never a digit */
}

TEST(scrolling_the_view)
{
	start();
	code(0x2a);
	extended(0x49);
	CHECK_EQ(action, KEY_ACTION_SCROLL_UP);
	extended(0x51);
	CHECK_EQ(action, KEY_ACTION_SCROLL_DOWN);
}

TEST(pause_and_rubbish)
{
	static const u8 pause_key[] = { 0xe1, 0x1d, 0x45, 0xe1, 0x9d, 0xc5 };
	u32 seed = host_test_seed() | 1;

	start();
	for (u32 i = 0; i < sizeof(pause_key); i++)
		CHECK_EQ(strlen(code(pause_key[i])), 0);
	CHECK_EQ(k.leds, 0);
	CHECK_EQ(k.down, 0);
	for (u32 i = 0; i < 200000; i++) {
		seed ^= seed << 13;
		seed ^= seed >> 17;
		seed ^= seed << 5;
		code((u8)seed);
	}
	/* All keys up: it types as before. */
	for (u32 c = 0x81; c < 0xe0; c++) {
		memset(&state, 0, sizeof(state));
		code((u8)c);
	}
	extended(0x9d);
	extended(0xb8);
	k.leds = 0;
	CHECK_EQ(code(0x1e)[0], 'a');
}

int main(void)
{
	RUN(every_key_alone_and_with_shift);
	RUN(ctrl_gives_control_codes);
	RUN(other_keys);
	RUN(locks);
	RUN(keypad);
	RUN(scrolling_the_view);
	RUN(pause_and_rubbish);
	return host_test_end();
}
