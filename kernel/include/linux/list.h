/* Doubly linked lists. */
#ifndef LINUX_LIST_H
#define LINUX_LIST_H

#include "kernel/include/sluice/prelude.h"

#define list_for_each_safe(p, n, head) for (p = (head)->next, n = p->next; p != (head); p = n, n = p->next)
#define list_last_entry_or_null(h, type, member) (list_empty(h) ? NULL : list_last_entry(h, type, member))
#define list_prev_entry(e, member) list_entry((e)->member.prev, __typeof__(*(e)), member)
#define list_is_last(e, head) ((e)->next == (head))
static inline void list_replace(struct list_head *old, struct list_head *fresh) { list_insert_between(fresh, old->prev, old->next); }

#endif
