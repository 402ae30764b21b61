/*
 * aioreads DEV DEPTH COUNT: COUNT random 4 KiB O_DIRECT reads by Linux AIO, DEPTH of them under way at any time. Each block of the device begins
 * with its own number (8 bytes, little endian), which is checked. Prints "COUNT reads, N wrong, M failed".
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "user/linux_aio.h"

#define BLOCK 4096u
#define MOST 512

static struct iocb cb[MOST];
static unsigned long long place[MOST];
static int fd;
static unsigned state = 88172645u;

static void start(unsigned long ctx, unsigned i, unsigned long long blocks)
{
	struct iocb *list = &cb[i];

	state ^= state << 13;
	state ^= state >> 17;
	state ^= state << 5;
	place[i] = state % blocks;
	cb[i].offset = (long long)(place[i] * BLOCK);
	if (io_submit(ctx, 1, &list) != 1) {
		perror("io_submit");
		exit(1);
	}
}

int main(int argc, char **argv)
{
	unsigned depth = (unsigned)atoi(argv[2]), count = (unsigned)atoi(argv[3]), started = 0, wrong = 0, failed = 0;
	unsigned long long blocks;
	unsigned long ctx = 0;
	char *memory;

	fd = open(argv[1], O_RDONLY | O_DIRECT);
	if (fd < 0 || argc != 4 || depth > MOST || posix_memalign((void **)&memory, BLOCK, depth * BLOCK) || io_setup(depth, &ctx))
		return 1;
	blocks = (unsigned long long)lseek64(fd, 0, SEEK_END) / BLOCK;
	for (; started < depth && started < count; started++) {
		cb[started] = (struct iocb){ .data = started, .opcode = IOCB_CMD_PREAD, .fd = (unsigned)fd,
					      .buf = (unsigned long)(memory + started * BLOCK), .nbytes = BLOCK };
		start(ctx, started, blocks);
	}
	for (unsigned done = 0; done < count; done++) {
		struct io_event e;
		unsigned long long n;

		if (io_getevents(ctx, 1, 1, &e, -1) != 1)
			return 1;
		memcpy(&n, memory + e.data * BLOCK, sizeof(n));
		if (e.res != BLOCK)
			failed++;
		else if (n != place[e.data])
			wrong++;
		if (started < count) {
			started++;
			start(ctx, (unsigned)e.data, blocks);
		}
	}
	printf("%u reads, %u wrong, %u failed\n", count, wrong, failed);
	return 0;
}
