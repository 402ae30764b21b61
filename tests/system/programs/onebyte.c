/* onebyte FILE N sync|fsync: N writes of one byte, each with O_SYNC or with an fsync at the end. What fails is printed with its errno. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	int sync = argc > 3 && !strcmp(argv[3], "sync"), fd = open(argv[1], O_WRONLY | O_CREAT | (sync ? O_SYNC : 0), 0644);
	int n = argc > 2 ? atoi(argv[2]) : 0;

	if (fd < 0) {
		printf("open %d\n", errno);
		return 1;
	}
	for (int i = 0; i < n; i++) {
		char c = (char)(i * 7 + 1);

		if (write(fd, &c, 1) != 1) {
			printf("write %d\n", errno);
			return 1;
		}
	}
	for (int i = 0; i < 2; i++) /* an error is told once */
		printf("fsync %d\n", fsync(fd) ? errno : 0);
	return 0;
}
