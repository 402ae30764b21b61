/*
 * The terminal on a grid: cursor movement, erasing, scrolling, attributes, modes, history, and rubbish.
 * SOURCES: drivers/char/vt.c kernel/lib/printf.c kernel/lib/errname.c kernel/lib/string.c kernel/lib/div64.c
 */
#include "tests/host/host_test.h"

#include <string.h>

#include "drivers/char/vt.h"

static struct vt v;
static u16 history[VT_HISTORY * VT_COLS];
static char answered[64];

static void on_answer(struct vt *t, const char *text, u32 len)
{
	memcpy(answered + strlen(answered), text, len);
}

static void start(void)
{
	memset(&v, 0, sizeof(v));
	memset(answered, 0, sizeof(answered));
	v.history = history;
	v.answer = on_answer;
	vt_init(&v);
}

static void out(const char *text)
{
	vt_write(&v, (const u8 *)text, (u32)strlen(text));
}

/* Row as text without the blanks at its end. */
static const char *row(u32 n)
{
	static char text[VT_COLS + 1];
	u32 len = VT_COLS;

	for (u32 i = 0; i < VT_COLS; i++)
		text[i] = (char)vt_row(&v, n)[i];
	while (len && text[len - 1] == ' ')
		len--;
	text[len] = 0;
	return text;
}

#define ROW(n, want) do { if (strcmp(row(n), want)) { printf("# row %u is \"%s\"\n", (unsigned)(n), row(n)); CHECK(!"row"); } } while (0)
#define AT(r, c) do { CHECK_EQ(v.cur.row, r); CHECK_EQ(v.cur.col, c); } while (0)

TEST(text_and_lines)
{
	start();
	out("one\r\ntwo\r\n");
	ROW(0, "one");
	ROW(1, "two");
	AT(2, 0);
}

TEST(wraps_only_when_more_comes)
{
	char line[VT_COLS + 1];

	start();
	memset(line, 'x', VT_COLS);
	line[VT_COLS] = 0;
	out(line);
	AT(0, VT_COLS - 1);
	out("y");
	ROW(1, "y");
	AT(1, 1);
	start();
	out("\033[?7l");
	out(line);
	out("z");
	AT(0, VT_COLS - 1);
	CHECK_EQ((char)v.cells[VT_COLS - 1], 'z');
}

TEST(cursor_moves_within_the_screen)
{
	start();
	out("\033[5;10H");
	AT(4, 9);
	out("\033[2A\033[3C\033[B\033[D");
	AT(3, 11);
	out("\033[99A\033[99D");
	AT(0, 0);
	out("\033[99;99H");
	AT(24, 79);
	out("\033[7G\033[3d");
	AT(2, 6);
	out("\033[H");
	AT(0, 0);
	out("a\tb");
	AT(0, 9);
}

TEST(erase)
{
	start();
	out("abcdef\r\nghijkl\r\nmnopqr");
	out("\033[2;3H\033[K");
	ROW(1, "gh");
	out("\033[1;3H\033[1K");
	ROW(0, "   def");
	out("\033[2;1H\033[J");
	ROW(0, "   def");
	ROW(1, "");
	ROW(2, "");
	out("\033[2J");
	ROW(0, "");
}

TEST(insert_and_delete)
{
	start();
	out("abcdef\033[1;3H\033[2@");
	ROW(0, "ab  cdef");
	out("\033[3P");
	ROW(0, "abdef");
	out("\r\nx\r\ny\033[2;1H\033[L");
	ROW(1, "");
	ROW(2, "x");
	out("\033[2M");
	ROW(1, "y");
	out("\033[1;1H\033[4h12\033[4l");
	ROW(0, "12abdef");
	out("\033[1;1H\033[3X");
	ROW(0, "   bdef");
}

TEST(scrolling_region)
{
	start();
	for (char c = 'a'; c < 'a' + 10; c++) {
		char line[4] = { c, '\r', '\n', 0 };

		out(line);
	}
	out("\033[3;6r\033[6;1H\n");
	ROW(1, "b");
	ROW(2, "d");
	ROW(4, "f");
	ROW(5, "");
	ROW(6, "g");
	out("\033[3;1H\033M");
	ROW(2, "");
	ROW(3, "d");
}

TEST(history_is_kept_and_shown)
{
	start();
	for (u32 i = 0; i < 60; i++) {
		char line[16];

		snprintf(line, sizeof(line), "line %u\r\n", i);
		out(line);
	}
	ROW(0, "line 36");
	vt_scroll_view(&v, 10);
	ROW(0, "line 26");
	ROW(10, "line 36");
	vt_scroll_view(&v, 1000);
	ROW(0, "line 0");
	vt_scroll_view(&v, -5);
	ROW(0, "line 5");
	out("x"); /* the present comes back */
	ROW(0, "line 36");
}

TEST(attributes)
{
	start();
	out("\033[31;1ma\033[7mb\033[0mc\033[44md");
	CHECK_EQ(v.cells[0] >> 8, 0x0c);
	CHECK_EQ(v.cells[1] >> 8, 0x48);
	CHECK_EQ(v.cells[2] >> 8, 0x07);
	CHECK_EQ(v.cells[3] >> 8, 0x17);
	out("\033[38;5;200me");
	CHECK_EQ(v.cells[4] >> 8, 0x17); /* 256 colours are passed over */
}

TEST(answers)
{
	start();
	out("\033[3;4H\033[6n");
	CHECK(!strcmp(answered, "\033[3;4R"));
	out("\033[c");
	CHECK(!strcmp(answered, "\033[3;4R\033[?6c"));
}

TEST(utf8_and_line_drawing)
{
	start();
	out("\303\244\342\224\200\033(0q\033(Bq\377");
	CHECK_EQ(v.cells[0] & 0xff, 0x84);
	CHECK_EQ(v.cells[1] & 0xff, 0xc4);
	CHECK_EQ(v.cells[2] & 0xff, 0xc4);
	CHECK_EQ(v.cells[3] & 0xff, 'q');
	CHECK_EQ(v.cells[4] & 0xff, '?');
}

TEST(titles_and_save_restore)
{
	start();
	out("\033]0;a title\007x\033]2;other\033\\y\0337\033[9;9H\0338z");
	ROW(0, "xyz");
	out("\033[?1049h\033[?25l\033=\033>");
	CHECK(!v.cursor_visible);
}

TEST(random_bytes_stay_inside)
{
	u32 seed = host_test_seed() | 1;

	start();
	for (u32 i = 0; i < 400000; i++) {
		static const char common[] = "\033\033[[;0123456789?mHJKLMPrh@ABCDX";
		u8 c;

		seed ^= seed << 13;
		seed ^= seed >> 17;
		seed ^= seed << 5;
		c = seed & 0x100 ? (u8)common[seed % (sizeof(common) - 1)] : (u8)(seed >> 16);
		vt_write(&v, &c, 1);
		if (v.cur.row >= VT_ROWS || v.cur.col >= VT_COLS || v.bottom > VT_ROWS || v.top >= v.bottom) {
			CHECK(!"the cursor left the screen");
			return;
		}
		if (seed % 101 == 0)
			vt_scroll_view(&v, (int)(seed >> 20) % 50 - 25);
	}
	CHECK(true);
}

int main(void)
{
	RUN(text_and_lines);
	RUN(wraps_only_when_more_comes);
	RUN(cursor_moves_within_the_screen);
	RUN(erase);
	RUN(insert_and_delete);
	RUN(scrolling_region);
	RUN(history_is_kept_and_shown);
	RUN(attributes);
	RUN(answers);
	RUN(utf8_and_line_drawing);
	RUN(titles_and_save_restore);
	RUN(random_bytes_stay_inside);
	return host_test_end();
}
