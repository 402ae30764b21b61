/*
 * A terminal on a grid of character cells: the ANSI sequences of TERM=linux that full-screen programs use (ECMA-48; console_codes(4)). Pure: it
 * changes its own cells and notes which rows did; the driver copies those to the screen. Also compiled by tests/host/test_vt.c.
 */
#ifndef DRIVERS_CHAR_VT_H
#define DRIVERS_CHAR_VT_H

#include "kernel/lib/types.h"

#define VT_COLS 80u
#define VT_ROWS 25u
#define VT_HISTORY 200u /* lines kept above the screen */
#define VT_MAX_PARAMS 16u
#define VT_ATTR_DEFAULT 0x07u /* VGA attribute: light grey on black */

struct vt_cursor {
	u32 row, col;
	u8 fg, bg;
	bool bold, blink, reverse, underline;
	u8 charset; /* 0: G0, 1: G1 */
	bool graphics[2]; /* Gn is the line-drawing set */
};

struct vt {
	u16 cells[VT_ROWS * VT_COLS];        /* attribute << 8 | CP437 character */
	u16 *history;                        /* VT_HISTORY lines, a ring; may be NULL */
	u32 history_lines, history_next;
	u32 view;                            /* lines scrolled back; 0: the present */
	struct vt_cursor cur, saved;
	u32 top, bottom;                     /* scrolling region, bottom exclusive */
	bool wrap_pending;                   /* the last column was filled: the next character goes to the next line */
	bool autowrap, insert, origin, cursor_visible, app_cursor;
	u32 first_dirty, end_dirty;          /* rows to be shown again */
	u8 state;                            /* enum of vt.c */
	u32 params[VT_MAX_PARAMS], nr_params;
	bool private_mode;                        /* CSI ? */
	u32 utf8, utf8_left;
	u8 tabs[VT_COLS / 8];
	/* An answer to the program (cursor position, device attributes); NULL: none wanted. */
	void (*answer)(struct vt *v, const char *text, u32 len);
	void (*bell)(struct vt *v);
};

void vt_init(struct vt *v);
void vt_write(struct vt *v, const u8 *text, u32 len);
/* What the screen should show in a row, the view taken into account. */
const u16 *vt_row(const struct vt *v, u32 row);
/* Scroll the view back (lines > 0) or forth. */
void vt_scroll_view(struct vt *v, int lines);
void vt_clean(struct vt *v); /* the dirty rows were shown */

#endif
