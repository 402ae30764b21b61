/* Three children, one after the other, that take memory until they are killed; the parent tells how each ended. */
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define PIECE (1 << 20)

static void take_everything(void)
{
	for (;;) {
		char *p = mmap(NULL, PIECE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (p == MAP_FAILED)
			_exit(3);
		memset(p, 1, PIECE);
	}
}

int main(void)
{
	for (int i = 0; i < 3; i++) {
		int status;

		if (!fork())
			take_everything();
		wait(&status);
		printf("signal %d\n", WTERMSIG(status));
		fflush(stdout);
	}
	return 0;
}
