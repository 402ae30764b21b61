/* See vt.h. */
#include "drivers/char/vt.h"
#include "kernel/lib/printf.h"
#include "kernel/lib/string.h"

enum { GROUND, ESC, CSI, OSC, OSC_ESC, CHARSET_G0, CHARSET_G1, SKIP_ONE };

/* ANSI colour number to VGA's: red and blue change places. */
static const u8 vga_color[8] = { 0, 4, 2, 6, 1, 5, 3, 7 };

static void dirty(struct vt *v, u32 from, u32 to)
{
	v->first_dirty = min(v->first_dirty, from);
	v->end_dirty = max(v->end_dirty, to);
}

void vt_clean(struct vt *v)
{
	v->first_dirty = VT_ROWS;
	v->end_dirty = 0;
}

static u8 attribute(const struct vt *v)
{
	u8 fg = v->cur.underline && v->cur.fg == 7 ? 3 : v->cur.fg, bg = v->cur.bg;

	if (v->cur.reverse) {
		u8 t = fg;

		fg = bg;
		bg = t;
	}
	return (u8)(bg << 4 | fg | (v->cur.bold ? 8 : 0) | (v->cur.blink ? 0x80 : 0));
}

/* Erased cells take the background colour, as on the Linux console. */
static u16 blank(const struct vt *v)
{
	return (u16)((v->cur.bg << 4 | 7) << 8 | ' ');
}

static u16 *cell(struct vt *v, u32 row, u32 col)
{
	return &v->cells[row * VT_COLS + col];
}

static void fill(u16 *at, u32 n, u16 with)
{
	while (n--)
		*at++ = with;
}

static void erase(struct vt *v, u32 row, u32 col, u32 n)
{
	fill(cell(v, row, col), n, blank(v));
	dirty(v, row, row + 1 + (col + n - 1) / VT_COLS);
}

static void reset_attributes(struct vt *v)
{
	v->cur.fg = 7;
	v->cur.bg = 0;
	v->cur.bold = v->cur.blink = v->cur.reverse = v->cur.underline = false;
}

void vt_init(struct vt *v)
{
	u16 *history = v->history;
	void (*answer)(struct vt *, const char *, u32) = v->answer;
	void (*bell)(struct vt *) = v->bell;

	memset(v, 0, sizeof(*v));
	v->history = history;
	v->answer = answer;
	v->bell = bell;
	reset_attributes(v);
	v->bottom = VT_ROWS;
	v->autowrap = v->cursor_visible = true;
	v->cur.graphics[1] = true;
	v->saved = v->cur;
	memset(v->tabs, 1, sizeof(v->tabs));
	fill(v->cells, VT_ROWS * VT_COLS, blank(v));
	dirty(v, 0, VT_ROWS);
}

/* ---- scrolling ---- */

static void keep_line(struct vt *v, const u16 *line)
{
	if (!v->history)
		return;
	memcpy(v->history + v->history_next * VT_COLS, line, VT_COLS * sizeof(u16));
	v->history_next = (v->history_next + 1) % VT_HISTORY;
	v->history_lines = min(v->history_lines + 1, VT_HISTORY);
}

static void scroll_up(struct vt *v, u32 top, u32 bottom, u32 n)
{
	n = min(n, bottom - top);
	for (u32 i = 0; i < n && top == 0 && bottom == VT_ROWS; i++)
		keep_line(v, cell(v, i, 0));
	memmove(cell(v, top, 0), cell(v, top, 0) + n * VT_COLS, (bottom - top - n) * VT_COLS * sizeof(u16));
	fill(cell(v, bottom - n, 0), n * VT_COLS, blank(v));
	dirty(v, top, bottom);
}

static void scroll_down(struct vt *v, u32 top, u32 bottom, u32 n)
{
	n = min(n, bottom - top);
	memmove(cell(v, top, 0) + n * VT_COLS, cell(v, top, 0), (bottom - top - n) * VT_COLS * sizeof(u16));
	fill(cell(v, top, 0), n * VT_COLS, blank(v));
	dirty(v, top, bottom);
}

const u16 *vt_row(const struct vt *v, u32 row)
{
	u32 back = min(v->view, v->history_lines);

	if (row < back)
		return v->history + (v->history_next + VT_HISTORY - back + row) % VT_HISTORY * VT_COLS;
	return &v->cells[(row - back) * VT_COLS];
}

void vt_scroll_view(struct vt *v, int lines)
{
	int view = (int)v->view + lines;

	v->view = (u32)max(0, min(view, (int)v->history_lines));
	dirty(v, 0, VT_ROWS);
}

/* ---- the cursor ---- */

static void go(struct vt *v, u32 row, u32 col)
{
	v->cur.row = min(row, VT_ROWS - 1);
	v->cur.col = min(col, VT_COLS - 1);
	v->wrap_pending = false;
}

/* Absolute position of a program: counted from the region's top in origin mode. */
static void go_program(struct vt *v, u32 row, u32 col)
{
	if (v->origin)
		go(v, min(row + v->top, v->bottom - 1), col);
	else
		go(v, row, col);
}

static void move_rows(struct vt *v, int n)
{
	int row = (int)v->cur.row, low = row >= (int)v->top ? (int)v->top : 0, high = row < (int)v->bottom ? (int)v->bottom - 1 : (int)VT_ROWS - 1;

	go(v, (u32)max(low, min(high, row + n)), v->cur.col);
}

static void move_cols(struct vt *v, int n)
{
	go(v, v->cur.row, (u32)max(0, min((int)VT_COLS - 1, (int)v->cur.col + n)));
}

static void line_feed(struct vt *v)
{
	if (v->cur.row == v->bottom - 1)
		scroll_up(v, v->top, v->bottom, 1);
	else if (v->cur.row < VT_ROWS - 1)
		v->cur.row++;
	v->wrap_pending = false;
}

static void reverse_line_feed(struct vt *v)
{
	if (v->cur.row == v->top)
		scroll_down(v, v->top, v->bottom, 1);
	else if (v->cur.row)
		v->cur.row--;
	v->wrap_pending = false;
}

static void tab(struct vt *v)
{
	u32 col = v->cur.col;

	while (col < VT_COLS - 1 && (++col % 8 || !v->tabs[col / 8]))
		;
	go(v, v->cur.row, col);
}

/* ---- characters ---- */

/* DEC's line-drawing set, from 0x60, in CP437. */
static const u8 line_drawing[32] = { 0x04, 0xb1, 0x09, 0x0c, 0x0d, 0x0a, 0xf8, 0xf1, 0xb0, 0x0b, 0xd9, 0xbf, 0xda, 0xc0, 0xc5, 0xc4,
				     0xc4, 0xc4, 0xc4, 0xc4, 0xc3, 0xb4, 0xc1, 0xc2, 0xb3, 0xf3, 0xf2, 0xe3, 0xd8, 0x9c, 0xfa, 0x20 };

/* Unicode characters that CP437 has beside ASCII: Latin letters, box drawing and blocks that programs use. */
static const struct { u16 unicode; u8 cp437; } cp437_table[] = {
	{ 0xa0, 0x20 }, { 0xa1, 0xad }, { 0xa3, 0x9c }, { 0xa7, 0x15 }, { 0xab, 0xae }, { 0xb0, 0xf8 }, { 0xb1, 0xf1 }, { 0xb2, 0xfd }, { 0xb5, 0xe6 },
	{ 0xb7, 0xfa }, { 0xbb, 0xaf }, { 0xc4, 0x8e }, { 0xc5, 0x8f }, { 0xc6, 0x92 }, { 0xc9, 0x90 }, { 0xd1, 0xa5 }, { 0xd6, 0x99 }, { 0xdc, 0x9a },
	{ 0xdf, 0xe1 }, { 0xe0, 0x85 }, { 0xe1, 0xa0 }, { 0xe2, 0x83 }, { 0xe4, 0x84 }, { 0xe5, 0x86 }, { 0xe6, 0x91 }, { 0xe7, 0x87 }, { 0xe8, 0x8a },
	{ 0xe9, 0x82 }, { 0xea, 0x88 }, { 0xeb, 0x89 }, { 0xec, 0x8d }, { 0xed, 0xa1 }, { 0xee, 0x8c }, { 0xef, 0x8b }, { 0xf1, 0xa4 }, { 0xf2, 0x95 },
	{ 0xf3, 0xa2 }, { 0xf4, 0x93 }, { 0xf6, 0x94 }, { 0xf7, 0xf6 }, { 0xf9, 0x97 }, { 0xfa, 0xa3 }, { 0xfb, 0x96 }, { 0xfc, 0x81 }, { 0xff, 0x98 },
	{ 0x2022, 0x07 }, { 0x2190, 0x1b }, { 0x2191, 0x18 }, { 0x2192, 0x1a }, { 0x2193, 0x19 }, { 0x2500, 0xc4 }, { 0x2502, 0xb3 }, { 0x250c, 0xda },
	{ 0x2510, 0xbf }, { 0x2514, 0xc0 }, { 0x2518, 0xd9 }, { 0x251c, 0xc3 }, { 0x2524, 0xb4 }, { 0x252c, 0xc2 }, { 0x2534, 0xc1 }, { 0x253c, 0xc5 },
	{ 0x2550, 0xcd }, { 0x2551, 0xba }, { 0x2588, 0xdb }, { 0x2591, 0xb0 }, { 0x2592, 0xb1 }, { 0x2593, 0xb2 },
};

static u8 to_cp437(u32 unicode)
{
	if (unicode < 0x80)
		return (u8)unicode;
	for (u32 i = 0; i < ARRAY_SIZE(cp437_table); i++)
		if (cp437_table[i].unicode == unicode)
			return cp437_table[i].cp437;
	return '?';
}

static void put(struct vt *v, u8 c)
{
	u16 *at;

	if (v->wrap_pending && v->autowrap) {
		v->cur.col = 0;
		line_feed(v);
	}
	at = cell(v, v->cur.row, v->cur.col);
	if (v->insert)
		memmove(at + 1, at, (VT_COLS - 1 - v->cur.col) * sizeof(u16));
	*at = (u16)(attribute(v) << 8 | c);
	dirty(v, v->cur.row, v->cur.row + 1);
	if (v->cur.col == VT_COLS - 1)
		v->wrap_pending = true;
	else
		v->cur.col++;
}

/* One byte of text: UTF-8 decoded, bad sequences shown as '?'. */
static void text_byte(struct vt *v, u8 c)
{
	if (v->utf8_left && (c & 0xc0) == 0x80) {
		v->utf8 = v->utf8 << 6 | (c & 0x3f);
		if (!--v->utf8_left)
			put(v, to_cp437(v->utf8));
		return;
	}
	if (v->utf8_left) {
		v->utf8_left = 0;
		put(v, '?');
	}
	if (c >= 0xc2 && c < 0xf5) {
		v->utf8_left = c >= 0xf0 ? 3 : c >= 0xe0 ? 2 : 1;
		v->utf8 = c & (0x3fu >> v->utf8_left);
	} else if (c >= 0x80) {
		put(v, '?');
	} else if (v->cur.graphics[v->cur.charset] && c >= 0x60) {
		put(v, line_drawing[c - 0x60]);
	} else {
		put(v, c);
	}
}

/* ---- CSI ---- */

/* Parameter i, or dflt when it is missing or 0. */
static u32 param(const struct vt *v, u32 i, u32 dflt)
{
	return i < v->nr_params && v->params[i] ? v->params[i] : dflt;
}

/* A count for moving: at most a screen matters. */
static u32 count(const struct vt *v)
{
	return min(param(v, 0, 1), VT_COLS);
}

static void select_graphic(struct vt *v, u32 p)
{
	struct vt_cursor *c = &v->cur;

	switch (p) {
	case 0: reset_attributes(v); break;
	case 1: c->bold = true; break;
	case 4: c->underline = true; break;
	case 5: c->blink = true; break;
	case 7: c->reverse = true; break;
	case 21:
	case 22: c->bold = false; break;
	case 24: c->underline = false; break;
	case 25: c->blink = false; break;
	case 27: c->reverse = false; break;
	case 39: c->fg = 7; break;
	case 49: c->bg = 0; break;
	default:
		if (p >= 30 && p <= 37)
			c->fg = vga_color[p - 30];
		else if (p >= 40 && p <= 47)
			c->bg = vga_color[p - 40];
		else if (p >= 90 && p <= 97)
			c->fg = vga_color[p - 90] | 8;
		else if (p >= 100 && p <= 107)
			c->bg = vga_color[p - 100];
	}
}

static void select_graphics(struct vt *v)
{
	u32 n = max(v->nr_params, 1u);

	for (u32 i = 0; i < n; i++) {
		u32 p = param(v, i, 0);

		if (p == 38 || p == 48) { /* 256 or true colours: not here; take their parameters away */
			i += param(v, i + 1, 0) == 2 ? 4 : 2;
			continue;
		}
		select_graphic(v, p);
	}
}

static void erase_display(struct vt *v, u32 how)
{
	u32 row = v->cur.row, col = v->cur.col;

	if (how == 0) {
		erase(v, row, col, (VT_ROWS - row) * VT_COLS - col);
	} else if (how == 1) {
		erase(v, 0, 0, row * VT_COLS + col + 1);
	} else if (how == 2 || how == 3) {
		erase(v, 0, 0, VT_ROWS * VT_COLS);
		if (how == 3)
			v->history_lines = v->view = 0;
	}
}

static void erase_line(struct vt *v, u32 how)
{
	if (how == 0)
		erase(v, v->cur.row, v->cur.col, VT_COLS - v->cur.col);
	else if (how == 1)
		erase(v, v->cur.row, 0, v->cur.col + 1);
	else if (how == 2)
		erase(v, v->cur.row, 0, VT_COLS);
}

static void insert_cells(struct vt *v, u32 n)
{
	u32 col = v->cur.col, rest = VT_COLS - col;
	u16 *at = cell(v, v->cur.row, col);

	n = min(n, rest);
	memmove(at + n, at, (rest - n) * sizeof(u16));
	erase(v, v->cur.row, col, n);
}

static void delete_cells(struct vt *v, u32 n)
{
	u32 col = v->cur.col, rest = VT_COLS - col;
	u16 *at = cell(v, v->cur.row, col);

	n = min(n, rest);
	memmove(at, at + n, (rest - n) * sizeof(u16));
	erase(v, v->cur.row, VT_COLS - n, n);
}

static void set_mode(struct vt *v, bool on)
{
	for (u32 i = 0; i < max(v->nr_params, 1u); i++) {
		u32 p = param(v, i, 0);

		if (!v->private_mode) {
			if (p == 4)
				v->insert = on;
			continue;
		}
		switch (p) {
		case 1: v->app_cursor = on; break;
		case 6:
			v->origin = on;
			go_program(v, 0, 0);
			break;
		case 7: v->autowrap = on; break;
		case 25: v->cursor_visible = on; break;
		}
	}
}

static void set_region(struct vt *v)
{
	u32 top = param(v, 0, 1) - 1, bottom = min(param(v, 1, VT_ROWS), VT_ROWS);

	if (top + 1 >= bottom)
		return;
	v->top = top;
	v->bottom = bottom;
	go_program(v, 0, 0);
}

static void report(struct vt *v)
{
	char text[24];
	int n = 0;

	if (param(v, 0, 0) == 5)
		n = kscnprintf(text, sizeof(text), "\033[0n");
	else if (param(v, 0, 0) == 6)
		n = kscnprintf(text, sizeof(text), "\033[%u;%uR", v->cur.row + 1 - (v->origin ? v->top : 0), v->cur.col + 1);
	if (n && v->answer)
		v->answer(v, text, (u32)n);
}

static void in_region_lines(struct vt *v, bool insert)
{
	if (v->cur.row < v->top || v->cur.row >= v->bottom)
		return;
	if (insert)
		scroll_down(v, v->cur.row, v->bottom, count(v));
	else if (v->cur.row == 0 && v->bottom == VT_ROWS)
		scroll_up(v, 0, VT_ROWS, count(v));
	else
		scroll_up(v, v->cur.row, v->bottom, count(v));
	go(v, v->cur.row, 0);
}

static void csi_move(struct vt *v, u8 c)
{
	int n = (int)count(v);

	switch (c) {
	case 'A': move_rows(v, -n); break;
	case 'B':
	case 'e': move_rows(v, n); break;
	case 'C':
	case 'a': move_cols(v, n); break;
	case 'D': move_cols(v, -n); break;
	case 'E': move_rows(v, n); v->cur.col = 0; break;
	case 'F': move_rows(v, -n); v->cur.col = 0; break;
	case 'G':
	case '`': go(v, v->cur.row, param(v, 0, 1) - 1); break;
	case 'd': go_program(v, param(v, 0, 1) - 1, v->cur.col); break;
	case 'H':
	case 'f': go_program(v, param(v, 0, 1) - 1, param(v, 1, 1) - 1); break;
	}
}

static void csi(struct vt *v, u8 c)
{
	switch (c) {
	case 'J': erase_display(v, param(v, 0, 0)); break;
	case 'K': erase_line(v, param(v, 0, 0)); break;
	case 'L': in_region_lines(v, true); break;
	case 'M': in_region_lines(v, false); break;
	case '@': insert_cells(v, count(v)); break;
	case 'P': delete_cells(v, count(v)); break;
	case 'X': erase(v, v->cur.row, v->cur.col, min(count(v), VT_COLS - v->cur.col)); break;
	case 'S': scroll_up(v, v->top, v->bottom, count(v)); break;
	case 'T': scroll_down(v, v->top, v->bottom, count(v)); break;
	case 'm': select_graphics(v); break;
	case 'h': set_mode(v, true); break;
	case 'l': set_mode(v, false); break;
	case 'r': set_region(v); break;
	case 'n': report(v); break;
	case 'c':
		if (v->answer && !v->private_mode)
			v->answer(v, "\033[?6c", 5); /* a VT102, as the Linux console says */
		break;
	case 's': v->saved = v->cur; break;
	case 'u': v->cur = v->saved; v->wrap_pending = false; break;
	case 'g':
		if (param(v, 0, 0) == 3)
			memset(v->tabs, 0, sizeof(v->tabs));
		else
			v->tabs[v->cur.col / 8] = 0;
		break;
	default: csi_move(v, c);
	}
}

static void csi_byte(struct vt *v, u8 c)
{
	if (c >= '0' && c <= '9') {
		if (!v->nr_params)
			v->nr_params = 1;
		if (v->nr_params <= VT_MAX_PARAMS)
			v->params[v->nr_params - 1] = min(v->params[v->nr_params - 1] * 10 + (c - '0'), 9999u);
	} else if (c == ';') {
		if (!v->nr_params)
			v->nr_params = 1;
		if (v->nr_params < VT_MAX_PARAMS)
			v->params[v->nr_params++] = 0;
	} else if (c == '?') {
		v->private_mode = true;
	} else if (c >= 0x40 && c <= 0x7e) {
		v->state = GROUND;
		csi(v, c);
	} /* other intermediates are passed over */
}

/* ---- escapes and controls ---- */

static void escape(struct vt *v, u8 c)
{
	v->state = GROUND;
	switch (c) {
	case '[':
		v->state = CSI;
		v->nr_params = 0;
		memset(v->params, 0, sizeof(v->params));
		v->private_mode = false;
		break;
	case ']': v->state = OSC; break;
	case '(': v->state = CHARSET_G0; break;
	case ')': v->state = CHARSET_G1; break;
	case '#':
	case '%': v->state = SKIP_ONE; break;
	case '7': v->saved = v->cur; break;
	case '8': v->cur = v->saved; v->wrap_pending = false; break;
	case 'D': line_feed(v); break;
	case 'E': v->cur.col = 0; line_feed(v); break;
	case 'M': reverse_line_feed(v); break;
	case 'H': v->tabs[v->cur.col / 8] = 1; break;
	case 'c': vt_init(v); break;
	}
}

/* C0 controls work inside sequences too. true: c was one. */
static bool control(struct vt *v, u8 c)
{
	switch (c) {
	case 0: break;
	case '\a':
		if (v->bell)
			v->bell(v);
		break;
	case '\b': move_cols(v, -1); break;
	case '\t': tab(v); break;
	case '\n':
	case '\v':
	case '\f': line_feed(v); break;
	case '\r': go(v, v->cur.row, 0); break;
	case 14: v->cur.charset = 1; break;
	case 15: v->cur.charset = 0; break;
	case 24:
	case 26: v->state = GROUND; break;
	case 27: v->state = ESC; break;
	case 127: break;
	default: return c < 32;
	}
	return true;
}

static void byte(struct vt *v, u8 c)
{
	if (v->state == OSC || v->state == OSC_ESC) { /* titles and palettes: up to BEL or ESC \ */
		v->state = c == '\a' || (v->state == OSC_ESC && c == '\\') || c == 24 || c == 26 ? GROUND : c == 27 ? OSC_ESC : OSC;
		return;
	}
	if (control(v, c))
		return;
	switch (v->state) {
	case GROUND: text_byte(v, c); break;
	case ESC: escape(v, c); break;
	case CSI: csi_byte(v, c); break;
	case CHARSET_G0:
	case CHARSET_G1:
		v->cur.graphics[v->state - CHARSET_G0] = c == '0';
		v->state = GROUND;
		break;
	default: v->state = GROUND;
	}
}

void vt_write(struct vt *v, const u8 *text, u32 len)
{
	if (v->view) { /* new output brings the present back */
		v->view = 0;
		dirty(v, 0, VT_ROWS);
	}
	while (len--)
		byte(v, *text++);
}
