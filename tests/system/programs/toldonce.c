/* toldonce DEV: writes a page through one of two descriptors; prints what fsync says on each, twice: a failed write is told to each once. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	static char page[4096];
	int a = open(argv[1], O_RDWR), b = open(argv[1], O_RDWR), late;

	if (argc != 2 || a < 0 || b < 0 || pwrite(a, page, sizeof(page), 12 * 4096) != sizeof(page))
		return 1;
	for (int i = 0; i < 4; i++)
		printf("%s ", fsync(i & 1 ? b : a) ? strerror(errno) : "good");
	late = open(argv[1], O_RDWR);
	printf("%s\n", fsync(late) ? strerror(errno) : "good");
	return 0;
}
