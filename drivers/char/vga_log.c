/*
 * The kernel log on the VGA text screen, 80x25, colour page at 0xB8000 (IBM VGA technical reference). A copy of the screen is kept in
 * memory, because reading video memory is slow; scrolling moves the copy and writes it out once per message.
 */
#include "kernel/debug/printk.h"
#include "kernel/hal/port.h"
#include "kernel/init.h"
#include "kernel/lib/string.h"
#include "mm/page.h"

#define COLUMNS 80u
#define ROWS 25u
#define TAB 8u
#define TEXT_PHYS 0xB8000u
#define ATTRIBUTE 0x0700u /* light grey on black */
#define BLANK (ATTRIBUTE | ' ')
#define CRTC_INDEX 0x3D4u
#define CRTC_DATA 0x3D5u
#define CRTC_CURSOR_HIGH 0x0E
#define CRTC_CURSOR_LOW 0x0F

static u16 screen[ROWS * COLUMNS];
static u32 row, column, first_dirty, end_dirty; /* rows [first, end) differ from the screen */

static void mark_dirty(u32 from, u32 to)
{
	first_dirty = min(first_dirty, from);
	end_dirty = max(end_dirty, to);
}

static void fill_blank(u16 *p, u32 n)
{
	while (n--)
		*p++ = BLANK;
}

static void new_line(void)
{
	column = 0;
	if (++row < ROWS)
		return;
	row = ROWS - 1;
	memmove(screen, screen + COLUMNS, (ROWS - 1) * COLUMNS * sizeof(u16));
	fill_blank(screen + (ROWS - 1) * COLUMNS, COLUMNS);
	mark_dirty(0, ROWS);
}

static void put_char(char c)
{
	if (c == '\n') {
		new_line();
		return;
	}
	if (c == '\r') {
		column = 0;
		return;
	}
	if (c == '\t') {
		column = min(ALIGN_DOWN(column, TAB) + TAB, COLUMNS - 1);
		return;
	}
	if (column == COLUMNS)
		new_line();
	screen[row * COLUMNS + column++] = ATTRIBUTE | (u8)c;
	mark_dirty(row, row + 1);
}

static void flush(void)
{
	u16 *video = phys_to_virt(TEXT_PHYS);
	u32 cursor = row * COLUMNS + min(column, COLUMNS - 1);

	if (first_dirty < end_dirty)
		memcpy(video + first_dirty * COLUMNS, screen + first_dirty * COLUMNS, (end_dirty - first_dirty) * COLUMNS * sizeof(u16));
	first_dirty = ROWS;
	end_dirty = 0;
	port_write8(CRTC_INDEX, CRTC_CURSOR_HIGH);
	port_write8(CRTC_DATA, (u8)(cursor >> 8));
	port_write8(CRTC_INDEX, CRTC_CURSOR_LOW);
	port_write8(CRTC_DATA, (u8)cursor);
}

static void vga_log_write(struct console *c, const char *text, size_t len)
{
	while (len--)
		put_char(*text++);
	flush();
}

static struct console vga_log = { .name = "vga", .write = vga_log_write, .level = LOG_DEBUG };

int vga_log_init(void)
{
	fill_blank(screen, ROWS * COLUMNS);
	mark_dirty(0, ROWS);
	console_register(&vga_log);
	return 0;
}
