/*
 * bigfiles FOLDER PROCESSES MIB PASSES: each process writes a file of MIB of its own pattern, copies it, compares the two by read and by
 * mmap, and checks the pattern; so often. Prints "N processes well"; what is wrong is told by place.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define PIECE 65536u
#define WORDS (PIECE / 4)

static uint32_t a[WORDS], b[WORDS];

static void fail(const char *what, uint32_t piece)
{
	printf("%s at piece %u: %s\n", what, piece, strerror(errno));
	fflush(stdout);
	_exit(1);
}

static void pattern(uint32_t *to, uint32_t seed, uint32_t piece)
{
	uint32_t v = (seed * 1000003u + piece) * 2654435761u;

	for (uint32_t i = 0; i < WORDS; i++)
		to[i] = v + i * 2246822519u;
}

static int open_file(const char *folder, int who, const char *which, int flags)
{
	char path[200];
	int fd;

	snprintf(path, sizeof(path), "%s/%s.%d", folder, which, who);
	fd = open(path, flags, 0644);
	if (fd < 0)
		fail(path, 0);
	return fd;
}

static void write_pattern(int fd, uint32_t seed, uint32_t pieces)
{
	for (uint32_t p = 0; p < pieces; p++) {
		pattern(a, seed, p);
		if (write(fd, a, PIECE) != PIECE)
			fail("write", p);
	}
}

static void copy(int from, int to, uint32_t pieces)
{
	lseek(from, 0, SEEK_SET);
	for (uint32_t p = 0; p < pieces; p++)
		if (read(from, a, PIECE) != PIECE || write(to, a, PIECE) != PIECE)
			fail("copy", p);
}

static void compare(int one, int two, uint32_t seed, uint32_t pieces)
{
	for (uint32_t p = 0; p < pieces; p++) {
		uint32_t *m = mmap(NULL, PIECE, PROT_READ, MAP_SHARED, two, (off_t)p * PIECE);

		pattern(b, seed, p);
		if (m == MAP_FAILED || pread(one, a, PIECE, (off_t)p * PIECE) != PIECE)
			fail("read back", p);
		errno = 0;
		if (memcmp(a, b, PIECE))
			fail("the file differs", p);
		if (memcmp(m, b, PIECE))
			fail("the copy differs", p);
		munmap(m, PIECE);
	}
}

static void work(const char *folder, int who, uint32_t pieces, int passes)
{
	for (int pass = 0; pass < passes; pass++) {
		uint32_t seed = (uint32_t)(who * 1000 + pass);
		int one = open_file(folder, who, "one", O_RDWR | O_CREAT | O_TRUNC), two = open_file(folder, who, "two", O_RDWR | O_CREAT | O_TRUNC);

		write_pattern(one, seed, pieces);
		copy(one, two, pieces);
		compare(one, two, seed, pieces);
		close(one);
		close(two);
	}
	_exit(0);
}

int main(int argc, char **argv)
{
	int status, well = 0;

	if (argc < 5)
		return 2;
	for (int i = 0; i < atoi(argv[2]); i++)
		if (fork() == 0)
			work(argv[1], i, (uint32_t)atoi(argv[3]) * (1048576u / PIECE), atoi(argv[4]));
	while (wait(&status) > 0)
		if (status == 0)
			well++;
		else if (WIFSIGNALED(status))
			printf("killed by %d\n", WTERMSIG(status));
	printf("%d processes well\n", well);
	return 0;
}
