/* Timers as drivers see them (timer_list.h): jiffies and callbacks over kernel/sched/timer.c. */
#include "kernel/sched/timer_list.h"
#include "kernel/debug/bug.h"

void timer_list_fn(void *timer)
{
	struct timer_list *t = timer;

	t->function(t);
}

void timer_setup(struct timer_list *t, void (*function)(struct timer_list *t), unsigned int flags)
{
	*t = (struct timer_list)TIMER_LIST_INIT(*t, function, flags);
}

int mod_timer(struct timer_list *t, unsigned long expires)
{
	t->expires = expires;
	return timer_mod(&t->core, jiffies_to_ktime(expires));
}

void add_timer(struct timer_list *t)
{
	BUG_ON(timer_pending(t));
	mod_timer(t, t->expires);
}
