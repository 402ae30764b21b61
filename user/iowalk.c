/*
 * iowalk: run a command and print the walk of its I/O through the layers of the kernel.
 *
 *	iowalk [-a] [-c] COMMAND [ARG...]
 *	  -a  also what no read or write asked for: page faults, read-ahead, loading the program
 *	  -c  drop the kernel's caches first, so that reads go down to the disk
 *
 * The kernel's tracepoints (/sys/kernel/tracing) write one record at each layer boundary; a record carries the id of the I/O it belongs to,
 * given where the I/O starts and handed down from kiocb to bio to request to completion. A walk is the records of one id in order of time.
 * Three kinds of records have no id of their own and are put where they belong: the system call just before the id was given, the interrupt
 * that is followed by a record of the id, and the wake-up of the process that waits for it.
 *
 * A line: time since the one before in microseconds, layer, function (indented as deep as its layer lies), file and line, arguments.
 * Exit status: the command's; 125 when tracing does not work.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define TRACING "/sys/kernel/tracing/"
#define MAX_RECORDS 16384
#define EXIT_NO_TRACE 125

struct record {
	double time; /* microseconds */
	int pid;
	unsigned int id;
	char layer[12], function[40], place[72], args[64];
	unsigned int walk; /* id of the walk it is printed in; 0: none */
	bool later;        /* not the first of its id */
};

static struct record *records;
static int count;

/* How deep a layer lies: the indentation. */
static int depth_of(const char *layer)
{
	static const struct {
		const char *layer;
		int depth;
	} depths[] = { { "syscall", 0 }, { "vfs", 1 }, { "fs", 2 }, { "cache", 2 }, { "block", 3 }, { "softirq", 3 }, { "driver", 4 },
		       { "irq", 5 }, { "hal", 5 }, { "sched", 1 } };

	for (size_t i = 0; i < sizeof(depths) / sizeof(depths[0]); i++)
		if (!strcmp(depths[i].layer, layer))
			return depths[i].depth;
	return 0;
}

static bool is_layer(const struct record *r, const char *layer)
{
	return !strcmp(r->layer, layer);
}

static bool put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_TRUNC);
	bool good = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);

	if (!good)
		fprintf(stderr, "iowalk: %s: %s\n", path, strerror(errno));
	if (fd >= 0)
		close(fd);
	return good;
}

static bool read_records(void)
{
	FILE *f = fopen(TRACING "trace", "r");
	char line[256];

	if (!f) {
		fprintf(stderr, "iowalk: %strace: %s\n", TRACING, strerror(errno));
		return false;
	}
	while (count < MAX_RECORDS && fgets(line, sizeof(line), f)) {
		struct record *r = &records[count];

		if (line[0] == '#')
			continue;
		if (sscanf(line, "%lf %d %u %11s %39s %71s %63[^\n]", &r->time, &r->pid, &r->id, r->layer, r->function, r->place, r->args) >= 6) {
			r->walk = r->id;
			count++;
		}
	}
	fclose(f);
	return true;
}

/* The system call that led to record n: the record without id just before it in the same process. */
static void claim_syscalls(int n)
{
	for (int i = n - 1; i >= 0; i--) {
		if (records[i].pid != records[n].pid || is_layer(&records[i], "irq") || is_layer(&records[i], "softirq"))
			continue;
		if (records[i].walk || !is_layer(&records[i], "syscall"))
			return;
		records[i].walk = records[n].id;
	}
}

/* Interrupt records stand just before the first record of the I/O that they complete. */
static void claim_interrupt(int n)
{
	for (int i = n - 1; i >= 0 && !records[i].walk; i--) {
		if (is_layer(&records[i], "irq") || is_layer(&records[i], "softirq"))
			records[i].walk = records[n].id;
		else
			return;
	}
}

/* The wake-up of process pid, if one follows record n before the process itself goes on. */
static void claim_wake_up(int n, int pid)
{
	for (int i = n + 1; i < count && records[i].pid != pid; i++) {
		int woken;

		if (is_layer(&records[i], "sched") && sscanf(records[i].args, "woken=%d", &woken) == 1 && woken == pid && !records[i].walk) {
			records[i].walk = records[n].id;
			return;
		}
	}
}

static void put_together(unsigned int id, int first)
{
	claim_syscalls(first);
	for (int i = first; i < count; i++) {
		if (records[i].id != id)
			continue;
		if (is_layer(&records[i], "driver") || is_layer(&records[i], "softirq") || is_layer(&records[i], "block"))
			claim_interrupt(i);
		if (records[i].pid != records[first].pid || is_layer(&records[i], "cache"))
			claim_wake_up(i, records[first].pid);
	}
}

static void print_walk(unsigned int id, int number)
{
	double before = -1, begun = 0, end = 0;
	bool up = false;

	for (int i = 0; i < count; i++) {
		if (records[i].walk != id)
			continue;
		if (before < 0)
			begun = records[i].time;
		end = records[i].time;
		before = end;
	}
	printf("\nwalk %d: %.1f us\n", number, end - begun);
	before = begun;
	for (int i = 0; i < count; i++) {
		const struct record *r = &records[i];
		int indent = 2 * depth_of(r->layer);

		if (r->walk != id)
			continue;
		up |= is_layer(r, "irq") || is_layer(r, "softirq");
		printf("  %8.1f  %s %-8s %*s%-*s %s%s%s\n", r->time - before, up ? "^" : "v", r->layer, indent, "", 32 - indent, r->function, r->place,
		       r->args[0] ? "  " : "", r->args);
		before = r->time;
	}
}

/* A walk that a read or write of the command began; others are shown with -a. */
static bool begun_by_call(int n)
{
	return is_layer(&records[n], "syscall") || is_layer(&records[n], "vfs");
}

static void print_walks(int child, bool all)
{
	int number = 0, hidden = 0;

	for (int i = 0; i < count; i++) {
		if (!records[i].id || records[i].later)
			continue;
		for (int j = i + 1; j < count; j++)
			records[j].later |= records[j].id == records[i].id;
		if (!all && (records[i].pid != child || !begun_by_call(i))) {
			hidden++;
			continue;
		}
		put_together(records[i].id, i);
		print_walk(records[i].id, ++number);
	}
	if (!number)
		printf("\nno read or write was traced\n");
	if (hidden)
		printf("\n%d more without a read or write of the command (iowalk -a shows them)\n", hidden);
}

/* The child stops itself until tracing is on, so that the trace holds the command alone. */
static pid_t start(char **argv)
{
	pid_t child = fork();
	int status;

	if (child == 0) {
		raise(SIGSTOP);
		execvp(argv[0], argv);
		fprintf(stderr, "iowalk: %s: %s\n", argv[0], strerror(errno));
		_exit(errno == ENOENT ? 127 : 126);
	}
	if (child > 0 && (waitpid(child, &status, WUNTRACED) != child || !WIFSTOPPED(status)))
		return -1;
	return child;
}

int main(int argc, char **argv)
{
	bool all = false, cold = false;
	int option, status = 0;
	pid_t child;

	while ((option = getopt(argc, argv, "+ac")) != -1) {
		if (option == '?') {
			argc = optind;
			break;
		}
		*(option == 'a' ? &all : &cold) = true;
	}
	records = calloc(MAX_RECORDS, sizeof(*records));
	if (optind >= argc || !records) {
		fprintf(stderr, "usage: iowalk [-a] [-c] COMMAND [ARG...]\n");
		return EXIT_NO_TRACE;
	}
	child = start(argv + optind);
	if (child < 0) {
		fprintf(stderr, "iowalk: cannot start a process: %s\n", strerror(errno));
		return EXIT_NO_TRACE;
	}
	sync();
	if ((cold && !put("/proc/sys/vm/drop_caches", "3\n")) || !put(TRACING "trace", "\n") || !put(TRACING "tracing_on", "1\n")) {
		kill(child, SIGKILL);
		return EXIT_NO_TRACE;
	}
	kill(child, SIGCONT);
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	put(TRACING "tracing_on", "0\n");
	if (!read_records())
		return EXIT_NO_TRACE;
	fflush(stdout);
	print_walks(child, all);
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}
