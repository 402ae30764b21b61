/* The list of elevators and the one of each queue. */
#include "io/block/queue.h"
#include "kernel/lib/string.h"

extern struct elevator_type elevator_fcfs;

static LIST_HEAD(elevators);

int elevator_register(struct elevator_type *t)
{
	list_add_tail(&t->node, &elevators);
	return 0;
}

static bool word_in(const char *words, const char *word)
{
	size_t len = strlen(word);

	for (const char *p = strstr(words, word); len && p; p = strstr(p + 1, word))
		if ((p == words || p[-1] == ' ') && (p[len] == ' ' || !p[len]))
			return true;
	return false;
}

int elevator_init(struct request_queue *q, const char *name)
{
	struct elevator_type *t;

	if (list_empty(&elevators))
		elevator_register(&elevator_fcfs);
	list_for_each_entry(t, &elevators, node) {
		if (strcmp(t->name, name) && !word_in(t->aliases, name))
			continue;
		q->elevator = (struct elevator_queue){ .type = t, .q = q };
		return t->init(&q->elevator);
	}
	return -EINVAL;
}

void elevator_exit(struct request_queue *q)
{
	q->elevator.type->exit(&q->elevator);
}
