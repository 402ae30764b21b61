/*
 * Channel programs on the block device named by the first argument, whose sector n begins with the number n + 1000 and which is 8 MiB large;
 * and on the one named by the second, whose sector 150 cannot be read. Prints a line for each check that holds, "BAD" and why for one that does not.
 */
#define _GNU_SOURCE
#include "../../../kernel/uapi/channel.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define SECTOR 512
#define SECTORS 16384u
#define MAX 1024

static int disk, channel;
static unsigned char *memory; /* 4 MiB */
static struct {
	struct channel_program head;
	struct channel_command c[MAX];
} p;

static void check(const char *what, int good)
{
	printf("%s%s\n", good ? "" : "BAD ", what);
}

static void begin(void)
{
	p.head.device = disk;
	p.head.commands = 0;
}

static void add(int op, int flags, unsigned long long address, unsigned int count)
{
	p.c[p.head.commands++] = (struct channel_command){ .op = (unsigned char)op, .flags = (unsigned char)flags, .address = address, .count = count };
}

static unsigned long long at(unsigned int offset) { return (unsigned long)(memory + offset); }

/* 0 or errno of the write. */
static int start(void)
{
	size_t n = sizeof(p.head) + p.head.commands * sizeof(p.c[0]);

	p.c[p.head.commands - 1].flags &= (unsigned char)~CHANNEL_CHAIN_COMMAND;
	return write(channel, &p, n) == (ssize_t)n ? 0 : errno;
}

static struct channel_status finish(void)
{
	struct channel_status s = { .error = 1 };

	if (read(channel, &s, sizeof(s)) != sizeof(s))
		printf("BAD read of the status: %s\n", strerror(errno));
	return s;
}

static struct channel_status run(void)
{
	int error = start();

	if (error)
		return (struct channel_status){ .error = error };
	return finish();
}

static unsigned int number(unsigned int offset)
{
	unsigned int n;

	memcpy(&n, memory + offset, sizeof(n));
	return n;
}

static unsigned long counted(const char *file, const char *key)
{
	char line[512];
	unsigned long n = 0;
	FILE *f = fopen(file, "r");

	while (f && fgets(line, sizeof(line), f))
		if (!strncmp(line, key, strlen(key)))
			n = strtoul(line + strlen(key), NULL, 10);
	if (f)
		fclose(f);
	return n;
}

/* 100 commands, and the owner computes on until it is told. */
static void hundred(void)
{
	struct channel_status s;
	int clean = 0, right = 1, own = 0;

	for (int turn = 0; turn < 20 && !clean; turn++) {
		unsigned long before = counted("/sys/class/channel/channel0/interrupts", "");
		struct rusage a, b;
		struct pollfd pf = { .fd = channel, .events = POLLIN };

		memset(memory, 0, 1 << 20);
		begin();
		for (unsigned int i = 0; i < 50; i++) {
			add(CHANNEL_SEEK, CHANNEL_CHAIN_COMMAND, 37 * i, 0);
			add(CHANNEL_READ, CHANNEL_CHAIN_COMMAND, at(4096 * i), 4096);
		}
		getrusage(RUSAGE_SELF, &a);
		if (start())
			break;
		while (!poll(&pf, 1, 0))
			;
		getrusage(RUSAGE_SELF, &b);
		s = finish();
		for (unsigned int i = 0; i < 50; i++)
			right &= number(4096 * i) == 1000 + 37 * i && number(4096 * i + 7 * SECTOR) == 1007 + 37 * i;
		right &= !s.error && s.executed == 100 && s.command == 99 && s.transfers == 50 && s.bytes == 50 * 4096;
		own = s.interrupts == 1 && counted("/sys/class/channel/channel0/interrupts", "") == before + 1;
		clean = !s.switches && a.ru_nvcsw == b.ru_nvcsw && a.ru_nivcsw == b.ru_nivcsw;
	}
	check("100 commands carried out", right);
	check("one interrupt to the owner", own);
	check("no context switch in between", clean);
}

static void loops(void)
{
	struct channel_status s;

	memset(memory, 0, 1 << 20);
	begin(); /* the second sector of each 4 KiB block, eight times */
	add(CHANNEL_SEEK, CHANNEL_CHAIN_COMMAND, 1, 0);
	add(CHANNEL_NOP, CHANNEL_CHAIN_COMMAND, 0, 0);
	add(CHANNEL_READ, CHANNEL_CHAIN_COMMAND, at(0), 512);
	add(CHANNEL_READ, CHANNEL_CHAIN_COMMAND, at(4096), 7 * 512);
	add(CHANNEL_TRANSFER, 0, 1, 7);
	s = run();
	check("a loop", !s.error && s.executed == 1 + 8 * 4 && s.transfers == 16 && s.command == 4 && number(0) == 1000 + 57 && number(4096) == 1058);
	begin();
	add(CHANNEL_NOP, CHANNEL_CHAIN_COMMAND, 0, 0);
	add(CHANNEL_TRANSFER, 0, 0, 0xffffffff);
	s = run();
	check("an endless loop ends", s.error == -ELOOP && s.executed == CHANNEL_MAX_STEPS);
	begin(); /* 3 * (1 + 4) turns of the inner one */
	add(CHANNEL_NOP, CHANNEL_CHAIN_COMMAND, 0, 0);
	add(CHANNEL_TRANSFER, 0, 0, 4);
	add(CHANNEL_TRANSFER, 0, 0, 2);
	s = run();
	check("loops in loops", !s.error && s.executed == 3 * 5 + 3 * 5 + 3);
}

static void data_chains(void)
{
	struct channel_status s;
	int right = 1;

	memset(memory, 0, 4 << 20);
	begin(); /* every second page of 2 MiB in one transfer, from unaligned addresses too */
	for (unsigned int i = 0; i < 256; i++)
		add(CHANNEL_READ, i < 255 ? CHANNEL_CHAIN_DATA : 0, at(i * 8192 + (i % 3) * 512), 4096);
	s = run();
	for (unsigned int i = 0; i < 256 * 8; i++)
		right &= number(i / 8 * 8192 + i / 8 % 3 * 512 + i % 8 * 512) == 1000 + i;
	check("data chained", right && !s.error && s.executed == 256 && s.transfers < 16 && s.bytes == 1 << 20);
	memset(memory, 0, 4 << 20);
	begin();
	add(CHANNEL_READ, 0, at(0), 4 << 20);
	s = run();
	check("4 MiB by one command", !s.error && s.bytes == 4 << 20 && number(0) == 1000 && number((4 << 20) - 512) == 1000 + 8191);
	begin(); /* written from one place, read to another */
	for (unsigned int i = 0; i < 1000; i++)
		memory[i] = (unsigned char)(i * 7);
	add(CHANNEL_SEEK, CHANNEL_CHAIN_COMMAND, SECTORS - 8, 0);
	add(CHANNEL_WRITE, CHANNEL_CHAIN_COMMAND, at(0), 1024);
	add(CHANNEL_WRITE, CHANNEL_CHAIN_COMMAND, at(0), 512);
	add(CHANNEL_SEEK, CHANNEL_CHAIN_COMMAND, SECTORS - 7, 0);
	add(CHANNEL_READ, 0, at(8192), 1024);
	s = run();
	check("written and read", !s.error && !memcmp(memory + 8192, memory + 512, 488) && !memcmp(memory + 8704, memory, 512));
	check("and seen by others", pread(disk, memory + 16384, 512, (SECTORS - 6) * SECTOR) == 512 && !memcmp(memory + 16384, memory, 512));
}

static void errors(void)
{
	struct channel_status s;
	int fds[2], ro = open("/dev/zero", O_RDONLY), error;

	begin();
	add(CHANNEL_READ, CHANNEL_CHAIN_COMMAND, at(0), 4096);
	add(CHANNEL_SEEK, CHANNEL_CHAIN_COMMAND, SECTORS - 4, 0);
	add(CHANNEL_READ, CHANNEL_CHAIN_COMMAND, at(4096), 4096);
	add(CHANNEL_NOP, 0, 0, 0);
	s = run();
	check("the end of the disk", s.error == -EIO && s.command == 2 && s.executed == 2 && s.bytes == 4096);
	begin();
	add(CHANNEL_READ, 0, at(0), 512);
	p.head.device = ro;
	check("not a block device", start() == ENOTBLK);
	p.head.device = 1000;
	check("no descriptor", start() == EBADF);
	struct { int op, flags; unsigned long long address; unsigned int count; int error; } bad[] = {
		{ 0x55, 0, 0, 0, EINVAL }, { CHANNEL_READ, 0, at(4), 512, EINVAL }, { CHANNEL_READ, 0, at(0), 511, EINVAL },
		{ CHANNEL_READ, 0, at(0), 0, EINVAL }, { CHANNEL_READ, 0, 0xc0100000, 512, EFAULT }, { CHANNEL_READ, 0, 0x1000, 512, EFAULT },
		{ CHANNEL_WRITE, 0, 0xfffffe00, 4096, EFAULT }, { CHANNEL_READ, 0, 1ull << 40, 512, EFAULT },
		{ CHANNEL_READ, 0, ~511ull, 512, EFAULT }, { CHANNEL_TRANSFER, 0, 1, 5, EINVAL }, { CHANNEL_NOP, 0x20, 0, 0, EINVAL },
		{ CHANNEL_NOP, CHANNEL_CHAIN_DATA, 0, 0, EINVAL }, { CHANNEL_READ, 0, at(0), 0x7ffffe00, EFAULT },
	};
	for (unsigned int i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		begin();
		add(bad[i].op, bad[i].flags, bad[i].address, bad[i].count);
		error = start();
		if (error != bad[i].error && !(error == EINVAL && bad[i].count > 1 << 30))
			printf("BAD refusal %u: %s\n", i, strerror(error));
	}
	begin();
	void *text = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	add(CHANNEL_READ, 0, (unsigned long)text, 4096);
	check("read-only memory", start() == EFAULT);
	check("a short write", write(channel, &p, 7) < 0 && errno == EINVAL);
	check("nothing to wait for", read(channel, memory, 4096) < 0 && errno == ENODATA);
	check("not even a pipe", !pipe(fds) && (p.head.device = fds[0], start()) == ENOTBLK);
	begin();
	add(CHANNEL_NOP, 0, 0, 0);
	check("all is well afterwards", !run().error);
}

/* The second device: what lies before the bad sector has come, and the status says where it went wrong. */
static void bad_sector(const char *path)
{
	struct channel_status s;

	begin();
	p.head.device = open(path, O_RDONLY);
	for (unsigned int i = 0; i < 4; i++)
		add(CHANNEL_READ, CHANNEL_CHAIN_COMMAND, at(i << 15), 1 << 15);
	s = run();
	check("a bad sector", s.error == -EIO && s.command == 2 && s.executed == 2 && s.transfers == 3 && s.bytes == 1 << 16 && s.interrupts == 1);
	begin();
	p.head.device = open(path, O_RDONLY);
	add(CHANNEL_WRITE, 0, at(0), 512);
	check("no right to write", start() == EBADF);
}

static volatile int signals;
static void on_signal(int n) { signals++; }

static void told(void)
{
	signal(SIGIO, on_signal);
	fcntl(channel, F_SETOWN, getpid());
	fcntl(channel, F_SETFL, O_ASYNC | O_NONBLOCK);
	begin();
	add(CHANNEL_READ, 0, at(0), 1 << 20);
	start();
	while (!signals)
		;
	check("told by a signal", finish().bytes == 1 << 20 && signals == 1);
	fcntl(channel, F_SETFL, 0);
}

/* One that would run for long: a second one has to wait, closing stops it. */
static void busy(void)
{
	int mine = channel, root = open("/dev/sda", O_RDWR);
	struct pollfd pf;

	channel = pf.fd = open("/dev/channel0", O_RDWR | O_NONBLOCK);
	pf.events = POLLIN | POLLOUT;
	begin();
	add(CHANNEL_SEEK, CHANNEL_CHAIN_COMMAND, 0, 0);
	add(CHANNEL_READ, CHANNEL_CHAIN_COMMAND, at(0), 4 << 20);
	add(CHANNEL_TRANSFER, 0, 0, 20000);
	check("a long one starts", !start() && !poll(&pf, 1, 0) && read(channel, memory + 4096, 4096) < 0 && errno == EAGAIN);
	check("one at a time", start() == EBUSY);
	channel = mine;
	begin();
	add(CHANNEL_READ, 0, at(0), 512);
	check("but others go on", !run().error);
	close(pf.fd);
	check("closing stops it", !run().error);
	begin();
	p.head.device = root;
	add(CHANNEL_WRITE, 0, at(0), 4096);
	check("not below a file system", start() == EBUSY);
	p.c[0].op = CHANNEL_READ;
	check("but reading is fine", !run().error);
	close(root);
}

/* Left alone in the middle: closed by its owner, and by its owner's death. All memory comes back. */
static void abandoned(void)
{
	unsigned long before, after;
	int mine = channel;

	for (int round = 0; round < 2; round++) {
		before = counted("/proc/meminfo", "MemFree:");
		for (int i = 0; i < 10; i++) {
			pid_t child = fork();
			if (!child) {
				unsigned char *m = mmap(NULL, 4 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

				channel = open("/dev/channel0", O_RDWR);
				memory = m;
				begin();
				for (unsigned int n = 0; n < 8; n++) {
					add(CHANNEL_SEEK, CHANNEL_CHAIN_COMMAND, 0, 0);
					add(CHANNEL_READ, CHANNEL_CHAIN_COMMAND, at(0), 4 << 20);
				}
				if (start())
					_exit(1);
				if (i & 1)
					kill(getpid(), SIGKILL);
				munmap(m, 4 << 20);
				close(channel);
				_exit(0);
			}
			waitpid(child, NULL, 0);
		}
		after = counted("/proc/meminfo", "MemFree:");
	}
	check("abandoned programs give their memory back", after + 1024 > before);
	channel = mine;
	begin();
	add(CHANNEL_READ, 0, at(0), 4096);
	check("and the disk works on", !run().error);
}

int main(int argc, char **argv)
{
	disk = open(argv[1], O_RDWR);
	channel = open("/dev/channel0", O_RDWR);
	memory = mmap(NULL, 4 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (disk < 0 || channel < 0 || memory == MAP_FAILED)
		return 1;
	setvbuf(stdout, NULL, _IOLBF, 0);
	hundred();
	loops();
	data_chains();
	errors();
	bad_sector(argv[2]);
	told();
	busy();
	abandoned();
	close(channel);
	puts("end");
	return 0;
}
