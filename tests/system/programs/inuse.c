/*
 * inuse [REFERENCE]: what the kernel has in use when everything that may be given back is: objects of each slab cache, and pages that no
 * other line of /proc/meminfo has. How full slabs are, and how many threads the kernel's work queues have grown to, leaves no trace in it:
 * the same numbers come again unless something was lost. With a REFERENCE, the output of an earlier call, waits until none is larger than
 * there (connections and buffers may take a while to go), or prints the differences after SECONDS and fails.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SECONDS 90
#define MAX 80

struct count {
	char name[32];
	long n;
};

static struct count found[MAX], wanted[MAX];
static char text[16384];

static void load(const char *path)
{
	int fd = open(path, O_RDONLY);
	ssize_t n, at = 0;

	while (fd >= 0 && (n = read(fd, text + at, sizeof(text) - 1 - (size_t)at)) > 0)
		at += n;
	text[at] = 0;
	close(fd);
}

static long *number(struct count *c, const char *name)
{
	int i = 0;

	while (i < MAX - 1 && c[i].name[0] && strcmp(c[i].name, name))
		i++;
	snprintf(c[i].name, sizeof(c[i].name), "%s", name);
	return &c[i].n;
}

static long kib(const char *name)
{
	char *at = strstr(text, name);

	return at ? atol(at + strlen(name)) : 0;
}

static void measure(void)
{
	int fd, caches = 0;
	char name[32];
	long n;

	sync();
	fd = open("/proc/sys/vm/drop_caches", O_WRONLY);
	for (int i = 0; i < 2; i++)
		(void)!write(fd, "3", 1);
	close(fd);
	memset(found, 0, sizeof(found));
	load("/proc/slabinfo");
	for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"))
		if (strstr(line, " : tunables") && line[0] != '#' && sscanf(line, "%31s %ld", name, &n) == 2) {
			*number(found, name) = n;
			caches++;
		}
	*number(found, "kmem_cache") -= caches; /* caches begin when they are used first */
	*number(found, "task") -= *number(found, "kthread");
	*number(found, "file_lock_ctx") = 0; /* stays with its inode */
	*number(found, "worker") = *number(found, "kthread") = 0;
	load("/proc/meminfo");
	*number(found, "pages") = (kib("MemTotal:") - kib("MemFree:") - kib("Slab:") - kib("KernelStack:") - kib("PageTables:") - kib("AnonPages:") -
				   kib("Cached:") - kib("Buffers:")) / 4;
}

/* Whether nothing is in use that was not before. Less is fine: what was on its way out when the reference was taken has gone. */
static int compare(int tell)
{
	int same = 1;

	for (int i = 0; i < MAX && wanted[i].name[0]; i++)
		number(found, wanted[i].name);
	for (int i = 0; i < MAX && found[i].name[0]; i++) {
		long want = *number(wanted, found[i].name);
		same &= found[i].n <= want;
		if (tell && found[i].n > want)
			printf("%s: %ld in use, %ld before\n", found[i].name, found[i].n, want);
	}
	return same;
}

int main(int argc, char **argv)
{
	char name[32];
	long n;
	int at = 0;

	for (char *s = argc > 1 ? argv[1] : NULL; s && sscanf(s, "%31s %ld\n%n", name, &n, &at) == 2; s += at)
		*number(wanted, name) = n;
	measure();
	for (int i = 0; argc == 1 && found[i].name[0]; i++)
		printf("%s %ld\n", found[i].name, found[i].n);
	for (int i = 0; argc > 1 && i < SECONDS * 2 && !compare(0); i++) {
		usleep(500000);
		measure();
	}
	return argc > 1 && !compare(1);
}
