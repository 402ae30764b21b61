/*
 * The kernel log (printk.h). The ring holds bytes as dmesg wants them: "<6>[    0.123456] text\n"; positions count all bytes ever
 * written. Consoles get the line without the level. One lock guards ring and consoles; a panic breaks it.
 */
#include "kernel/debug/printk.h"
#include "kernel/debug/panic.h"
#include "kernel/hal/cpu.h"
#include "kernel/init.h"
#include "kernel/lib/div64.h"
#include "kernel/lib/printf.h"
#include "kernel/lib/string.h"
#include "kernel/sched/time.h"
#include "kernel/sync/spinlock.h"

#define LOG_SIZE 65536u
#define LINE_MAX 512   /* bytes of one message */
#define PREFIX_MAX 32
#define LEVEL_LEN 3    /* "<6>" */
#define CONSOLE_SHOWS_ALL 8

static DEFINE_SPINLOCK(log_lock, RANK_LOG);
static char ring[LOG_SIZE];
static u64 ring_end;  /* position after the newest byte */
static u64 clear_pos;
static LIST_HEAD(consoles);
static int default_level; /* of consoles, from the command line; 0: each has its own */
static struct console *printing; /* its write is running: what it prints itself goes to the ring only */

/* Take the log, also from a place that must not wait for it: after a panic, whoever holds it will not go on. */
static u32 lock_log(bool *locked)
{
	u32 flags = irq_save();

	*locked = false;
	if (panic_in_progress() || printing)
		return flags;
	spin_lock(&log_lock);
	*locked = true;
	return flags;
}

static void unlock_log(u32 flags, bool locked)
{
	if (locked)
		spin_unlock(&log_lock);
	irq_restore(flags);
}

static u64 ring_start(void) { return ring_end > LOG_SIZE ? ring_end - LOG_SIZE : 0; }

static void ring_put(const char *s, size_t n)
{
	while (n) {
		u32 at = (u32)ring_end % LOG_SIZE;
		size_t part = min(n, (size_t)(LOG_SIZE - at));
		memcpy(ring + at, s, part);
		ring_end += part;
		s += part;
		n -= part;
	}
}

static void ring_get(u64 pos, char *buf, size_t n)
{
	while (n) {
		u32 at = (u32)pos % LOG_SIZE;
		size_t part = min(n, (size_t)(LOG_SIZE - at));
		memcpy(buf, ring + at, part);
		pos += part;
		buf += part;
		n -= part;
	}
}

static void show(struct console *c, int level, const char *text, size_t n)
{
	if (level >= c->level || c == printing)
		return;
	struct console *outer = printing;
	printing = c;
	c->write(c, text, n);
	printing = outer;
}

/* One line of n bytes at text; PREFIX_MAX bytes before it may be overwritten, and the byte after it. */
static void log_line(int level, char *text, size_t n)
{
	char prefix[PREFIX_MAX + 1];
	struct console *c;
	u32 us;
	u32 sec = (u32)div_u64_rem(div_u64(ktime_ns(), 1000), 1000000, &us);
	size_t len = (size_t)kscnprintf(prefix, sizeof(prefix), "<%d>[%5u.%06u] ", level & 7, sec, us);
	char *line = text - len;

	memcpy(line, prefix, len);
	text[n] = '\n';
	len += n + 1;
	ring_put(line, len);
	list_for_each_entry(c, &consoles, node)
		show(c, level, line + LEVEL_LEN, len - LEVEL_LEN);
}

/* Each line of the text becomes a line of the log; a newline at the end is understood. */
void vprintk(int level, const char *fmt, va_list ap)
{
	char buf[PREFIX_MAX + LINE_MAX];
	bool locked;
	char *s = buf + PREFIX_MAX, *stop;
	int n = kvsnprintf(s, LINE_MAX, fmt, ap);
	char *end = s + min(n, LINE_MAX - 1);

	if (end > s && end[-1] == '\n')
		end--;
	u32 flags = lock_log(&locked);
	for (;; s = stop + 1) {
		for (stop = s; stop < end && *stop != '\n'; stop++)
			;
		log_line(level, s, (size_t)(stop - s));
		if (stop >= end)
			break;
	}
	unlock_log(flags, locked);
}

void printk(int level, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vprintk(level, fmt, ap);
	va_end(ap);
}

int _printk(const char *fmt, ...)
{
	int level = LOG_WARN;
	va_list ap;

	if (fmt[0] == 1 && fmt[1]) {
		if (fmt[1] >= '0' && fmt[1] <= '7')
			level = fmt[1] - '0';
		fmt += 2;
	}
	va_start(ap, fmt);
	vprintk(level, fmt, ap);
	va_end(ap);
	return 0;
}

/* Show the console what is in the ring, line by line. */
static void replay(struct console *c)
{
	char line[PREFIX_MAX + LINE_MAX];
	u64 pos = ring_start();

	while (pos < ring_end) {
		size_t n = 0, have = (size_t)min(ring_end - pos, (u64)sizeof(line));
		ring_get(pos, line, have);
		while (n < have && line[n] != '\n')
			n++;
		n = min(n + 1, have);
		if (n > LEVEL_LEN && line[0] == '<' && line[2] == '>')
			show(c, line[1] - '0', line + LEVEL_LEN, n - LEVEL_LEN);
		pos += n;
	}
}

void console_register(struct console *c)
{
	bool locked;
	u32 flags = lock_log(&locked);

	if (c->level != CONSOLE_SHOWS_ALL && default_level)
		c->level = default_level;
	list_add_tail(&c->node, &consoles);
	replay(c);
	unlock_log(flags, locked);
}

void console_set_level(int level)
{
	bool locked;
	struct console *c;
	u32 flags = lock_log(&locked);

	list_for_each_entry(c, &consoles, node)
		if (c->level != CONSOLE_SHOWS_ALL)
			c->level = level;
	unlock_log(flags, locked);
}

bool console_registered(const char *name)
{
	struct console *c;

	list_for_each_entry(c, &consoles, node)
		if (!strcmp(c->name, name))
			return true;
	return false;
}

void console_panic_levels(void)
{
	struct console *c;

	list_for_each_entry(c, &consoles, node)
		c->level = c->panic_level ? c->panic_level : CONSOLE_SHOWS_ALL;
}

size_t log_read(u64 *pos, char *buf, size_t size)
{
	bool locked;
	u32 flags = lock_log(&locked);

	if (*pos < ring_start()) { /* overwritten: go on at the first whole line */
		*pos = ring_start();
		while (*pos < ring_end && ring[(u32)*pos % LOG_SIZE] != '\n')
			++*pos;
		*pos = min(*pos + 1, ring_end);
	}
	size_t n = *pos < ring_end ? (size_t)min(ring_end - *pos, (u64)size) : 0;
	ring_get(*pos, buf, n);
	*pos += n;
	unlock_log(flags, locked);
	return n;
}

u64 log_end(void)
{
	bool locked;
	u32 flags = lock_log(&locked);
	u64 end = ring_end;
	unlock_log(flags, locked);
	return end;
}

void log_clear(void) { clear_pos = log_end(); }
u64 log_clear_pos(void) { return max(clear_pos, ring_start()); }

/* The kernel words loglevel=N and quiet, as on Linux: what the consoles show. The log itself, and the debug port, have everything. */
int log_init(void)
{
	const char *word = cmdline_get("loglevel");
	int level;

	if (cmdline_get("quiet"))
		default_level = LOG_WARN;
	if (word && !kstrtoint(word, 10, &level))
		default_level = level;
	return 0;
}
