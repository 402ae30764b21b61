/*
 * The screen: VGA text 80x25. From the first moment it shows the kernel log; later it is also the terminal tty1. Both write to one struct
 * vt (drivers/char/vt.h), whose changed rows are copied to video memory, since reading that back is slow.
 * vt_lock (irqsave, last in the lock order) guards vt; log lines come under the log's lock, terminal output from start_tx. What the terminal
 * answers to a program is collected and given back after the lock is released.
 */
#include "drivers/drivers.h"
#include "drivers/char/vga_console.h"
#include "drivers/char/vga_regs.h"
#include "drivers/char/vt.h"
#include "kernel/debug/panic.h"
#include "kernel/debug/printk.h"
#include "kernel/hal/port.h"
#include "kernel/init.h"
#include "kernel/lib/string.h"
#include "kernel/sync/spinlock.h"
#include "mm/alloc.h"

#define TX_BATCH 128u
#define ANSWER_MAX 32u
#define TTY1_DEV MKDEV(4, 1)

static struct vt vt;
static struct tty *tty1;
static DEFINE_SPINLOCK(vt_lock, RANK_CONSOLE);
static char answer[ANSWER_MAX]; /* vt_lock */
static u32 answer_len;

static void crtc_write(u8 reg, u8 value)
{
	port_write8(VGA_CRTC_INDEX, reg);
	port_write8(VGA_CRTC_DATA, value);
}

/* Copy what has changed; vt_lock held. */
static void show(void)
{
	static u32 shown_at = ~0u;
	u16 *video = phys_to_virt(VGA_TEXT_PHYS);
	u32 at = vt.cur.row * VT_COLS + vt.cur.col;

	for (u32 row = vt.first_dirty; row < vt.end_dirty; row++)
		memcpy(video + row * VT_COLS, vt_row(&vt, row), VT_COLS * sizeof(u16));
	vt_clean(&vt);
	if (!vt.cursor_visible || vt.view)
		at = VT_ROWS * VT_COLS; /* below the screen */
	if (at == shown_at)
		return;
	shown_at = at;
	crtc_write(CRTC_CURSOR_HIGH, (u8)(at >> 8));
	crtc_write(CRTC_CURSOR_LOW, (u8)at);
}

/* ---- the kernel log ---- */

/*
 * A panic gets an empty screen, one row a line of its report, without the time: all that panic.c means for the screen stays on it.
 * Whoever was writing to vt is not heard of again, so it starts anew.
 */
static size_t panic_line(const char **text, size_t len)
{
	static bool begun;
	const char *time_end;

	if (!begun)
		vt_init(&vt);
	begun = true;
	vt.cursor_visible = false;
	time_end = **text == '[' ? memchr(*text, ']', len) : NULL;
	if (time_end && (size_t)(time_end + 2 - *text) < len) {
		len -= (size_t)(time_end + 2 - *text);
		*text = time_end + 2;
	}
	if (len <= VT_COLS)
		return len;
	vt_write(&vt, (const u8 *)*text, VT_COLS);
	*text += len - 1; /* the line feed */
	return 1;
}

static void log_write(struct console *c, const char *text, size_t len)
{
	u32 flags = irq_save();
	bool locked = spin_trylock(&vt_lock); /* a panic inside must still get through */

	if (panic_in_progress())
		len = panic_line(&text, len);
	for (const char *end = text + len; text < end;) {
		const char *nl = memchr(text, '\n', (size_t)(end - text));
		u32 part = (u32)((nl ? nl : end) - text);

		vt_write(&vt, (const u8 *)text, part);
		text += part;
		if (nl) {
			vt_write(&vt, (const u8 *)"\r\n", 2);
			text++;
		}
	}
	show();
	if (locked)
		spin_unlock(&vt_lock);
	irq_restore(flags);
}

static struct console log_console = { .name = "tty1", .write = log_write, .level = LOG_INFO, .panic_level = LOG_EMERG + 1 };

int vga_log_init(void)
{
	vt_init(&vt);
	console_register(&log_console);
	return 0;
}

/* ---- the terminal ---- */

static void vt_answer(struct vt *v, const char *text, u32 len)
{
	len = min(len, ANSWER_MAX - answer_len);
	memcpy(answer + answer_len, text, len);
	answer_len += len;
}

static void give_answers(void)
{
	char text[ANSWER_MAX];
	u32 flags = spin_lock_irqsave(&vt_lock), n = answer_len;

	memcpy(text, answer, n);
	answer_len = 0;
	spin_unlock(&vt_lock);
	for (u32 i = 0; i < n; i++) /* interrupts stay off: no key comes between the bytes of an answer */
		tty_receive(tty1, (u8)text[i], 0);
	irq_restore(flags);
}

static void vga_start_tx(struct tty *t)
{
	u8 buf[TX_BATCH];
	u32 n;

	do {
		u32 flags;

		n = tty_next_tx(t, buf, sizeof(buf));
		flags = spin_lock_irqsave(&vt_lock);
		vt_write(&vt, buf, n);
		if (n < sizeof(buf))
			show();
		spin_unlock_irqrestore(&vt_lock, flags);
		tty_tx_wakeup(t);
	} while (n == sizeof(buf));
	if (answer_len)
		give_answers();
}

static const struct tty_driver_ops vga_ops = { .start_tx = vga_start_tx, .no_line = true };

struct tty *vga_tty(void)
{
	return tty1;
}

bool vga_app_cursor(void)
{
	return vt.app_cursor;
}

void vga_scroll(int lines)
{
	u32 flags = spin_lock_irqsave(&vt_lock);

	vt_scroll_view(&vt, lines);
	show();
	spin_unlock_irqrestore(&vt_lock, flags);
}

static int vga_probe(struct platform_device *p)
{
	struct tty *t = tty_register("tty1", TTY1_DEV, &p->dev, &vga_ops, NULL);
	u16 *history = kmalloc(VT_HISTORY * VT_COLS * sizeof(u16), GFP_KERNEL);
	u32 flags;

	if (IS_ERR(t))
		return (int)PTR_ERR(t);
	flags = spin_lock_irqsave(&vt_lock);
	tty1 = t;
	vt.history = history; /* without it there is no scrolling back, but a terminal all the same */
	vt.answer = vt_answer;
	spin_unlock_irqrestore(&vt_lock, flags);
	tty_set_winsize(t, VT_ROWS, VT_COLS);
	return 0;
}

/* The screen shows the kernel log from the first moment on, and stays. */
struct platform_driver vga_driver = { .name = "vga", .probe = vga_probe, .driver.suppress_bind_attrs = true };
