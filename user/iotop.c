/*
 * iotop [-b] [-o] [-a] [-k] [-P] [-q] [-n TIMES] [-d SECONDS] [-p PID]: which processes read from and write to disks, busiest first.
 *
 * Debian's iotop asks the kernel by netlink; this one reads /proc/PID/io (what they fetched, and what they made to be written), /proc/diskstats
 * (what the disks did meanwhile) and ioprio_get. A line shows what happened since the last one, DELAY seconds (1) ago.
 *
 *   -b  batch: lines after lines, no clearing of the screen   -n TIMES  so often, then end (without: until interrupted)
 *   -o  only processes that did something                      -a  sums since the start instead of rates
 *   -k  kilobytes always                                       -q  no column names after the first time
 *   -p PID  only this one                                      -P  processes (as always here: there are no lines for threads)
 *
 * A process that was waited for counts for its parent from then on.
 */
#include <ctype.h>
#include <dirent.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define IOPRIO_WHO_PROCESS 1
#define IOPRIO_CLASS_SHIFT 13

struct sample {
	int pid;
	unsigned uid;
	bool alive;
	unsigned long long read, write;             /* as /proc/PID/io has them now */
	unsigned long long first_read, first_write; /* at the start */
	unsigned long long did_read, did_write;     /* since the last time */
	char command[128];
};

static struct sample *samples;
static size_t nr_samples, room;
static struct options { bool batch, only, accumulated, kilo, quiet; int times, pid; double delay; } opt = { .times = -1, .delay = 1 };

/* ---- gathering ---- */

static bool read_file(const char *path, char *buf, size_t size)
{
	FILE *f = fopen(path, "r");
	size_t n = f ? fread(buf, 1, size - 1, f) : 0;

	buf[n] = 0;
	if (f)
		fclose(f);
	return n > 0;
}

static unsigned long long field(const char *text, const char *name)
{
	const char *at = strstr(text, name);

	return at ? strtoull(at + strlen(name), NULL, 10) : 0;
}

static void read_command(struct sample *s)
{
	char path[64], buf[sizeof(s->command) - 2];
	size_t n;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/cmdline", s->pid);
	f = fopen(path, "r");
	n = f ? fread(buf, 1, sizeof(buf) - 1, f) : 0;
	if (f)
		fclose(f);
	while (n && !buf[n - 1])
		n--;
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)buf[i] < ' ')
			buf[i] = ' ';
	buf[n] = 0;
	if (n) {
		strcpy(s->command, buf);
		return;
	}
	snprintf(path, sizeof(path), "/proc/%d/comm", s->pid);
	read_file(path, buf, sizeof(buf));
	buf[strcspn(buf, "\n")] = 0;
	snprintf(s->command, sizeof(s->command), "[%s]", buf);
}

static struct sample *find(int pid)
{
	for (size_t i = 0; i < nr_samples; i++)
		if (samples[i].pid == pid)
			return &samples[i];
	return NULL;
}

static struct sample *new_sample(int pid)
{
	if (nr_samples == room) {
		room = room ? room * 2 : 64;
		samples = realloc(samples, room * sizeof(*samples));
		if (!samples) {
			perror("iotop");
			exit(1);
		}
	}
	memset(&samples[nr_samples], 0, sizeof(*samples));
	samples[nr_samples].pid = pid;
	return &samples[nr_samples++];
}

static void look_at(int pid, bool start)
{
	struct sample *s = find(pid);
	char path[64], text[512];
	struct stat st;

	snprintf(path, sizeof(path), "/proc/%d/io", pid);
	if (!read_file(path, text, sizeof(text)))
		return; /* gone meanwhile, or not ours to look at */
	if (!s)
		s = new_sample(pid);
	s->alive = true;
	unsigned long long r = field(text, "\nread_bytes: "), w = field(text, "\nwrite_bytes: ");
	s->did_read = r - s->read;
	s->did_write = w - s->write;
	s->read = r;
	s->write = w;
	if (start) {
		s->first_read = r;
		s->first_write = w;
		s->did_read = s->did_write = 0;
	}
	snprintf(path, sizeof(path), "/proc/%d", pid);
	if (!stat(path, &st))
		s->uid = st.st_uid;
	read_command(s);
}

static void look_at_all(bool start)
{
	DIR *d = opendir("/proc");
	struct dirent *e;
	size_t kept = 0;

	for (size_t i = 0; i < nr_samples; i++)
		samples[i].alive = false;
	while (d && (e = readdir(d)))
		if (isdigit((unsigned char)e->d_name[0]) && (!opt.pid || atoi(e->d_name) == opt.pid))
			look_at(atoi(e->d_name), start);
	if (d)
		closedir(d);
	for (size_t i = 0; i < nr_samples; i++)
		if (samples[i].alive)
			samples[kept++] = samples[i];
	nr_samples = kept;
}

/* Bytes that all disks have read and written; partitions are part of theirs. */
static void disk_totals(unsigned long long *rd, unsigned long long *wr)
{
	FILE *f = fopen("/proc/diskstats", "r");
	char line[256], name[64], path[128];
	unsigned long long r, w;

	*rd = *wr = 0;
	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%*u %*u %63s %*u %*u %llu %*u %*u %*u %llu", name, &r, &w) != 3)
			continue;
		snprintf(path, sizeof(path), "/sys/block/%s", name);
		if (access(path, F_OK))
			continue;
		*rd += r * 512;
		*wr += w * 512;
	}
	if (f)
		fclose(f);
}

/* ---- showing ---- */

static const char *amount(double bytes, char *buf, size_t size)
{
	static const char *const units[] = { "B", "K", "M", "G" };
	int u = opt.kilo ? 1 : 0;

	if (opt.kilo)
		bytes /= 1024;
	else
		for (; bytes >= 1000 && u < 3; u++)
			bytes /= 1024;
	snprintf(buf, size, "%.2f %s%s", bytes, units[u], opt.accumulated ? "" : "/s");
	return buf;
}

static const char *priority(int pid, char *buf, size_t size)
{
	static const char *const names[] = { "?", "rt", "be", "id" };
	long v = syscall(SYS_ioprio_get, IOPRIO_WHO_PROCESS, pid);

	if (v < 0)
		return "?sys";
	snprintf(buf, size, v >> IOPRIO_CLASS_SHIFT == 3 ? "idle" : "%s/%ld", names[(v >> IOPRIO_CLASS_SHIFT) & 3], v & 7);
	return buf;
}

static unsigned long long shown_read(const struct sample *s) { return opt.accumulated ? s->read - s->first_read : s->did_read; }
static unsigned long long shown_write(const struct sample *s) { return opt.accumulated ? s->write - s->first_write : s->did_write; }

static int busiest_first(const void *a, const void *b)
{
	unsigned long long x = shown_read(a) + shown_write(a), y = shown_read(b) + shown_write(b);

	return x != y ? (x < y ? 1 : -1) : ((const struct sample *)a)->pid - ((const struct sample *)b)->pid;
}

static void show(double seconds, unsigned long long disk_read, unsigned long long disk_write, bool names)
{
	double per = opt.accumulated ? 1 : seconds;
	unsigned long long r = 0, w = 0;
	char a[32], b[32];

	qsort(samples, nr_samples, sizeof(*samples), busiest_first);
	for (size_t i = 0; i < nr_samples; i++) {
		r += shown_read(&samples[i]);
		w += shown_write(&samples[i]);
	}
	if (!opt.batch)
		printf("\033[H\033[J");
	printf("Total DISK READ: %15s | Total DISK WRITE: %15s\n", amount((double)r / per, a, sizeof(a)), amount((double)w / per, b, sizeof(b)));
	printf("Current DISK READ: %13s | Current DISK WRITE: %13s\n", amount((double)disk_read / per, a, sizeof(a)),
	       amount((double)disk_write / per, b, sizeof(b)));
	if (names)
		printf("%7s  PRIO  %-8s %11s  %11s  COMMAND\n", "PID", "USER", "DISK READ", "DISK WRITE");
	for (size_t i = 0; i < nr_samples; i++) {
		const struct sample *s = &samples[i];
		struct passwd *pw = getpwuid(s->uid);
		char prio[16], user[16];

		if (opt.only && !shown_read(s) && !shown_write(s))
			continue;
		snprintf(user, sizeof(user), "%u", s->uid);
		printf("%7d  %-4s  %-8s %11s  %11s  %s\n", s->pid, priority(s->pid, prio, sizeof(prio)), pw ? pw->pw_name : user,
		       amount((double)shown_read(s) / per, a, sizeof(a)), amount((double)shown_write(s) / per, b, sizeof(b)), s->command);
	}
	fflush(stdout);
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void parse(int argc, char **argv)
{
	for (int c; (c = getopt(argc, argv, "boakqPn:d:p:")) != -1;) {
		switch (c) {
		case 'b': opt.batch = true; break;
		case 'o': opt.only = true; break;
		case 'a': opt.accumulated = true; break;
		case 'k': opt.kilo = true; break;
		case 'q': opt.quiet = true; break;
		case 'P': break;
		case 'n': opt.times = atoi(optarg); break;
		case 'd': opt.delay = atof(optarg); break;
		case 'p': opt.pid = atoi(optarg); break;
		default:
			fprintf(stderr, "usage: iotop [-b] [-o] [-a] [-k] [-P] [-q] [-n TIMES] [-d SECONDS] [-p PID]\n");
			exit(2);
		}
	}
	if (opt.delay < 0.01)
		opt.delay = 0.01;
}

int main(int argc, char **argv)
{
	unsigned long long r0, w0, r, w, r_start, w_start;
	double before;

	parse(argc, argv);
	look_at_all(true);
	disk_totals(&r0, &w0);
	r_start = r0;
	w_start = w0;
	before = now();
	for (int i = 0; opt.times < 0 || i < opt.times; i++) {
		struct timespec pause = { (time_t)opt.delay, (long)((opt.delay - (double)(time_t)opt.delay) * 1e9) };
		double at;

		nanosleep(&pause, NULL);
		look_at_all(false);
		disk_totals(&r, &w);
		at = now();
		show(at - before, opt.accumulated ? r - r_start : r - r0, opt.accumulated ? w - w_start : w - w0, !opt.quiet || !i);
		r0 = r;
		w0 = w;
		before = at;
	}
	return 0;
}
