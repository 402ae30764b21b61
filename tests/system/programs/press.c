/* press MIB ROUNDS: write to every 2 KiB of MIB of memory again and again, each time checking what the round before left. Prints "good". */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#define STEP 512 /* unsigned ints */

int main(int argc, char **argv)
{
	size_t bytes = argc > 1 ? (size_t)atoi(argv[1]) << 20 : 1 << 20, n = bytes / sizeof(unsigned);
	unsigned rounds = argc > 2 ? (unsigned)atoi(argv[2]) : 1;
	unsigned *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		return 2;
	for (unsigned r = 0; r < rounds; r++)
		for (size_t i = 0; i < n; i += STEP) {
			if (p[i] != (r ? i + r - 1 : 0)) {
				printf("bad at %zu: %u in round %u\n", i, p[i], r);
				return 1;
			}
			p[i] = (unsigned)i + r;
		}
	puts("good");
	return 0;
}
