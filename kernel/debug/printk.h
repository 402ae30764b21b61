/*
 * The kernel log: a ring of 64 KiB with a time stamp a line, shown on the consoles that registered, read by dmesg (syslog(2), /dev/kmsg).
 * printk: any context, even a panic. A console's write must not sleep and must not print.
 */
#ifndef KERNEL_DEBUG_PRINTK_H
#define KERNEL_DEBUG_PRINTK_H

#include "kernel/lib/list.h"

#define LOG_EMERG 0
#define LOG_ALERT 1
#define LOG_ERR 3
#define LOG_WARN 4
#define LOG_NOTICE 5
#define LOG_INFO 6
#define LOG_DEBUG 7

void printk(int level, const char *fmt, ...) __printf(2, 3);
void vprintk(int level, const char *fmt, va_list ap);
/* As Linux's printk: the level stands in front of the text, as the byte 1 and a digit (KERN_INFO of linux/printk.h); without it LOG_WARN. */
int _printk(const char *fmt, ...) __printf(1, 2);
#define pr_emerg(...) printk(LOG_EMERG, __VA_ARGS__)
#define pr_err(...) printk(LOG_ERR, __VA_ARGS__)
#define pr_warn(...) printk(LOG_WARN, __VA_ARGS__)
#define pr_notice(...) printk(LOG_NOTICE, __VA_ARGS__)
#define pr_info(...) printk(LOG_INFO, __VA_ARGS__)
#define pr_debug(...) printk(LOG_DEBUG, __VA_ARGS__)

struct console {
	const char *name;
	void (*write)(struct console *c, const char *text, size_t len); /* any context; must not sleep */
	int level; /* lines with a level below this are shown */
	int panic_level; /* the same once a panic has begun; 0: everything */
	struct list_head node;
};
/* Show the log so far, and from now on. */
void console_register(struct console *c);
void console_set_level(int level); /* of all consoles but those marked to show everything (level 8) */

bool console_registered(const char *name);
void console_panic_levels(void); /* from now on each shows what its panic_level says */

/* For syslog(2) and /dev/kmsg: copy log bytes from position *pos (0: oldest still there); returns bytes copied, moves *pos. */
size_t log_read(u64 *pos, char *buf, size_t size);
u64 log_end(void);   /* position after the newest byte */
void log_clear(void); /* what dmesg -c does */
u64 log_clear_pos(void);

#endif
