/*
 * diskheads [--terse] [--head N] [--cylinders N] [--direction up|down] REQUEST...
 *
 * The disk scheduling algorithms of the documents (chapter 2) on a list of requests that all wait at the start: for each the order in which they
 * are served, how far the arm moves, and a picture of its way. What decides is the very code that the kernel schedules its disks with,
 * io/block/elevators, compiled into this program: a cylinder stands for a run of sectors.
 *
 * Cylinders are 0..N (--cylinders, 200 by default); the arm stands at --head (53) and moves upwards first, unless told otherwise. SCAN and
 * C-SCAN go on to the edge of the disk when they have to turn, LOOK and C-LOOK turn at the last request. --terse prints one line each:
 * NAME TOTAL CYLINDER... Exit status: 0; 2 for wrong arguments.
 *
 * SOURCES: io/block/elevators/sorted.c io/block/elevators/fcfs.c io/block/elevators/sstf.c io/block/elevators/scan.c
 * SOURCES: io/block/elevators/cscan.c io/block/elevators/look.c io/block/elevators/clook.c kernel/lib/rbtree.c
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "io/block/elevators/sorted.h"
#include "mm/alloc.h"

#define SECTORS 65536u          /* of a cylinder: requests for one cylinder lie side by side in it */
#define REQUESTS_MAX 4096u
#define PICTURE_COLUMNS 61

static struct arguments {
	unsigned long head, cylinders, request[REQUESTS_MAX];
	unsigned int nr;
	bool down, terse;
} args = { .head = 53, .cylinders = 200 };

/* What the elevators want of the kernel around them. */
void *kzalloc(size_t size, u32 gfp) { return calloc(1, size); }
void kfree(const void *p) { free((void *)p); }
sector_t blk_queue_capacity(const struct request_queue *q) { return (sector_t)args.cylinders * SECTORS + 1; }

int ksnprintf(char *buf, size_t size, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(buf, size, fmt, ap);
	va_end(ap);
	return n;
}

static unsigned long cylinder(sector_t sector)
{
	return (unsigned long)(sector / SECTORS);
}

static unsigned long distance(unsigned long a, unsigned long b)
{
	return a > b ? a - b : b - a;
}

/* ---- one algorithm at work ---- */

struct way { /* all places the arm comes to; served: a request is there (else it is an edge of the disk) */
	struct place { unsigned long at; bool served; } place[REQUESTS_MAX * 3];
	unsigned int nr;
	unsigned long total;
};

static void way_add(struct way *w, unsigned long at, bool served)
{
	w->place[w->nr].at = at;
	w->place[w->nr++].served = served;
}

/* The arm went from..to over so many cylinders: by which edges? */
static void add_edges(struct way *w, unsigned long from, unsigned long to, unsigned long moved)
{
	unsigned long top = args.cylinders, low = from + to, high = distance(from, top) + distance(to, top);

	if (moved == distance(from, to))
		return;
	if (moved == high) {
		way_add(w, top, false);
	} else if (moved == low) {
		way_add(w, 0, false);
	} else { /* a circular one: to one edge, across, from the other */
		bool up = moved == distance(from, top) + top + to;

		way_add(w, up ? top : 0, false);
		way_add(w, up ? 0 : top, false);
	}
}

static struct request *request_at(unsigned long at, unsigned int n)
{
	struct request *rq = calloc(1, sizeof(*rq));

	if (!rq) {
		perror("diskheads");
		exit(1);
	}
	rq->sector = (sector_t)at * SECTORS + n;
	return rq;
}

static unsigned long serve_next(struct elevator_queue *e, u64 *moved)
{
	const struct arm *arm = &((struct sweep *)e->data)->arm;
	u64 before = arm->travel, again = 0;
	struct request *rq = e->type->dispatch(e, NULL, 0, &again);
	unsigned long at = cylinder(rq->sector);

	*moved = (arm->travel - before + SECTORS / 2) / SECTORS;
	free(rq);
	return at;
}

static void run(struct elevator_type *type, struct way *w)
{
	struct elevator_queue e = { .type = type };
	u64 moved;

	w->nr = 0;
	w->total = 0;
	if (type->init(&e)) {
		perror("diskheads");
		exit(1);
	}
	/* A first request brings the arm to its place. Downwards that is behind those of its own cylinder. */
	type->insert(&e, request_at(args.head, args.down ? args.nr : 0), 0);
	serve_next(&e, &moved);
	((struct sweep *)e.data)->arm.down = args.down;
	way_add(w, args.head, false);
	for (unsigned int i = 0; i < args.nr; i++)
		type->insert(&e, request_at(args.request[i], i), 0);
	for (unsigned int i = 0; i < args.nr; i++) {
		unsigned long from = w->place[w->nr - 1].at, to = serve_next(&e, &moved);

		add_edges(w, from, to, (unsigned long)moved);
		way_add(w, to, true);
		w->total += (unsigned long)moved;
	}
	type->exit(&e);
}

/* ---- printing ---- */

static void print_terse(const char *name, const struct way *w)
{
	printf("%s %lu", name, w->total);
	for (unsigned int i = 0; i < w->nr; i++)
		if (w->place[i].served)
			printf(" %lu", w->place[i].at);
	printf("\n");
}

static int column(unsigned long at)
{
	return args.cylinders ? (int)((unsigned long long)at * (PICTURE_COLUMNS - 1) / args.cylinders) : 0;
}

/* A line for each place: o where a request is served, + at an edge, and the way to it. */
static void print_picture(const struct way *w)
{
	printf("%9s 0%*lu\n", "", PICTURE_COLUMNS - 1, args.cylinders);
	for (unsigned int i = 0; i < w->nr; i++) {
		int to = column(w->place[i].at), from = i ? column(w->place[i - 1].at) : to;
		char line[PICTURE_COLUMNS + 1];

		memset(line, ' ', sizeof(line));
		memset(line + (from < to ? from : to), '-', (size_t)abs(to - from) + 1);
		line[from] = i ? '\'' : ' ';
		line[to] = w->place[i].served ? 'o' : i ? '+' : 'v';
		line[PICTURE_COLUMNS] = 0;
		printf("%8lu |%s|\n", w->place[i].at, line);
	}
}

static void print_full(const char *name, const struct way *w)
{
	printf("%s: the arm moves over %lu cylinders\n   ", name, w->total);
	for (unsigned int i = 0; i < w->nr; i++)
		printf(w->place[i].served || !i ? "%s%lu" : "%s(%lu)", i ? " " : "", w->place[i].at);
	printf("\n");
	print_picture(w);
	printf("\n");
}

/* ---- arguments ---- */

static void usage(const char *why, const char *word)
{
	if (why)
		fprintf(stderr, "diskheads: %s%s%s\n", why, word ? ": " : "", word ? word : "");
	fprintf(stderr, "usage: diskheads [--terse] [--head N] [--cylinders N] [--direction up|down] REQUEST...\n");
	exit(2);
}

static unsigned long number(const char *text)
{
	char *end;
	unsigned long v = strtoul(text, &end, 10);

	if (text[0] < '0' || text[0] > '9' || *end || v > 1000000000)
		usage("no cylinder number", text);
	return v;
}

static void option(const char *name, const char *value)
{
	if (!value)
		usage("value missing", name);
	if (!strcmp(name, "--head"))
		args.head = number(value);
	else if (!strcmp(name, "--cylinders"))
		args.cylinders = number(value);
	else if (!strcmp(name, "--direction") && (!strcmp(value, "up") || !strcmp(value, "down")))
		args.down = value[0] == 'd';
	else
		usage("what is this?", name);
}

static void parse(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		char *equals = strchr(argv[i], '=');

		if (!strcmp(argv[i], "--help"))
			usage(NULL, NULL);
		else if (!strcmp(argv[i], "--terse"))
			args.terse = true;
		else if (!strncmp(argv[i], "--", 2) && equals)
			*equals = 0, option(argv[i], equals + 1);
		else if (!strncmp(argv[i], "--", 2))
			option(argv[i], argv[i + 1]), i++;
		else if (args.nr == REQUESTS_MAX)
			usage("too many requests", NULL);
		else
			args.request[args.nr++] = number(argv[i]);
	}
	if (!args.nr)
		usage("no requests", NULL);
	if (args.head > args.cylinders)
		usage("the head stands beyond the last cylinder", NULL);
	for (unsigned int i = 0; i < args.nr; i++)
		if (args.request[i] > args.cylinders)
			usage("a request lies beyond the last cylinder", NULL);
}

int main(int argc, char **argv)
{
	static const struct { const char *name; struct elevator_type *type; } algorithms[] = {
		{ "FCFS", &elevator_fcfs }, { "SSTF", &elevator_sstf }, { "SCAN", &elevator_scan },
		{ "C-SCAN", &elevator_cscan }, { "LOOK", &elevator_look }, { "C-LOOK", &elevator_clook },
	};
	static struct way w;

	parse(argc, argv);
	for (size_t i = 0; i < ARRAY_SIZE(algorithms); i++) {
		run(algorithms[i].type, &w);
		if (args.terse)
			print_terse(algorithms[i].name, &w);
		else
			print_full(algorithms[i].name, &w);
	}
	return 0;
}
