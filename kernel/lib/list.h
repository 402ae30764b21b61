/* Circular doubly linked lists with the link inside the element. Pure. No locking: the owner of the head says which lock guards it. */
#ifndef KERNEL_LIB_LIST_H
#define KERNEL_LIB_LIST_H

#include "kernel/lib/types.h"

struct list_head {
	struct list_head *next, *prev;
};

#define LIST_HEAD_INIT(name) { &(name), &(name) }
#define LIST_HEAD(name) struct list_head name = LIST_HEAD_INIT(name)

static inline void INIT_LIST_HEAD(struct list_head *h) { h->next = h->prev = h; }

static inline void list_insert_between(struct list_head *e, struct list_head *prev, struct list_head *next)
{
	next->prev = e;
	e->next = next;
	e->prev = prev;
	prev->next = e;
}

/* Put e first (list_add) or last (list_add_tail) in the list of head. */
static inline void list_add(struct list_head *e, struct list_head *head) { list_insert_between(e, head, head->next); }
static inline void list_add_tail(struct list_head *e, struct list_head *head) { list_insert_between(e, head->prev, head); }

static inline void list_unlink(struct list_head *e)
{
	e->next->prev = e->prev;
	e->prev->next = e->next;
}

/* Take e out; using e again before it is initialised faults in a way that is easy to recognise. */
static inline void list_del(struct list_head *e)
{
	list_unlink(e);
	e->next = (struct list_head *)0x100;
	e->prev = (struct list_head *)0x122;
}

static inline void list_del_init(struct list_head *e)
{
	list_unlink(e);
	INIT_LIST_HEAD(e);
}

static inline bool list_empty(const struct list_head *h) { return h->next == h; }
static inline bool list_is_singular(const struct list_head *h) { return !list_empty(h) && h->next == h->prev; }
static inline void list_move(struct list_head *e, struct list_head *head) { list_unlink(e); list_add(e, head); }
static inline void list_move_tail(struct list_head *e, struct list_head *head) { list_unlink(e); list_add_tail(e, head); }

/* Put all elements of list behind head, in their order. list is not to be used any more, or is empty afterwards. */
static inline void list_splice(struct list_head *list, struct list_head *head)
{
	if (list_empty(list))
		return;
	list->next->prev = head;
	list->prev->next = head->next;
	head->next->prev = list->prev;
	head->next = list->next;
}
static inline void list_splice_init(struct list_head *list, struct list_head *head)
{
	list_splice(list, head);
	INIT_LIST_HEAD(list);
}

/* Put all elements of list before head; list is empty afterwards. */
static inline void list_splice_tail_init(struct list_head *list, struct list_head *head)
{
	if (list_empty(list))
		return;
	list->next->prev = head->prev;
	head->prev->next = list->next;
	list->prev->next = head;
	head->prev = list->prev;
	INIT_LIST_HEAD(list);
}

#define list_entry(ptr, type, member) container_of(ptr, type, member)
#define list_first_entry(h, type, member) list_entry((h)->next, type, member)
#define list_last_entry(h, type, member) list_entry((h)->prev, type, member)
#define list_first_entry_or_null(h, type, member) (list_empty(h) ? NULL : list_first_entry(h, type, member))
#define list_next_entry(e, member) list_entry((e)->member.next, __typeof__(*(e)), member)
#define list_for_each(p, h) for (p = (h)->next; p != (h); p = p->next)
#define list_for_each_entry(e, h, member) \
	for (e = list_first_entry(h, __typeof__(*e), member); &e->member != (h); e = list_next_entry(e, member))
#define list_for_each_entry_reverse(e, h, member) \
	for (e = list_last_entry(h, __typeof__(*e), member); &e->member != (h); e = list_entry(e->member.prev, __typeof__(*e), member))
#define list_for_each_entry_safe(e, n, h, member) \
	for (e = list_first_entry(h, __typeof__(*e), member), n = list_next_entry(e, member); &e->member != (h); \
	     e = n, n = list_next_entry(n, member))

#endif
