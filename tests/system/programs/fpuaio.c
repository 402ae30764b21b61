/*
 * Reads of cached pages by the pool of threads into a mapping of /root/fpu.b whose pages are not there: each copy uses the SSE registers and
 * sleeps in a fault, while this program looks at its own registers. They stay as they were, and the buffer gets the file's bytes.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "user/linux_aio.h"

#define PAGE 4096
#define ROUNDS 8
#define STEP (1024 * 1024)
#define LOOKS 300000

static unsigned char mine[64], now[64], page[PAGE];

static int filled(const char *name, int byte, int step)
{
	int fd = open(name, O_RDWR | O_CREAT | O_TRUNC, 0600);

	memset(page, byte, PAGE);
	for (int i = 0; i < ROUNDS; i++)
		pwrite(fd, page, PAGE, i * step);
	fsync(fd);
	return fd;
}

static void drop_caches(void)
{
	int fd = open("/proc/sys/vm/drop_caches", O_WRONLY);

	write(fd, "3\n", 2);
	close(fd);
}

/* No call of the C library in between: it may use the registers, too. */
static int submit_and_look(unsigned long ctx, struct iocb **list)
{
	long ret;
	int same = 1;

	__asm__ volatile("movups (%0), %%xmm0; movups 16(%0), %%xmm1; movups 32(%0), %%xmm2; movups 48(%0), %%xmm3" : : "r"(mine) : "memory");
	__asm__ volatile("int $0x80" : "=a"(ret) : "0"(SYS_io_submit), "b"(ctx), "c"(1), "d"(list) : "memory");
	for (int i = 0; i < LOOKS && same; i++) {
		__asm__ volatile("movups %%xmm0, (%0); movups %%xmm1, 16(%0); movups %%xmm2, 32(%0); movups %%xmm3, 48(%0)" : : "r"(now) : "memory");
		same = *(volatile int *)now == *(volatile int *)mine && *(volatile int *)(now + 60) == *(volatile int *)(mine + 60);
	}
	return ret == 1 && same;
}

int main(void)
{
	int kept = 0, right = 0, from = filled("/root/fpu.a", 0x11, PAGE), to = filled("/root/fpu.b", 0x22, STEP);
	unsigned char *m = mmap(NULL, ROUNDS * STEP, PROT_READ | PROT_WRITE, MAP_SHARED, to, 0);
	unsigned long ctx = 0;

	memset(mine, 0xee, sizeof(mine));
	drop_caches();
	for (int i = 0; i < ROUNDS; i++)
		pread(from, page, PAGE, i * PAGE);
	io_setup(1, &ctx);
	for (int i = 0; i < ROUNDS; i++) {
		struct iocb cb = { .opcode = IOCB_CMD_PREAD, .fd = (unsigned)from, .buf = (unsigned)(m + i * STEP), .nbytes = PAGE, .offset = i * PAGE };
		struct iocb *list = &cb;
		struct io_event event;

		kept += submit_and_look(ctx, &list);
		io_getevents(ctx, 1, 1, &event, -1);
		right += event.res == PAGE && !memcmp(m + i * STEP, page, PAGE);
	}
	printf("registers kept %d, buffers right %d of %d\n", kept, right, ROUNDS);
	return 0;
}
