/* Memory that runs out: with a limit mmap says ENOMEM, without one the process with the most is killed, and the small ones beside it keep theirs. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define PIECE (256 << 10)
#define OTHERS 4

static char *piece(void)
{
	char *p = mmap(NULL, PIECE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		_exit(errno);
	return memset(p, 'm', PIECE);
}

static int become(int limit, int *status)
{
	struct rlimit l = { 8 << 20, 8 << 20 };
	pid_t pid = fork();

	if (pid == 0) {
		if (limit)
			setrlimit(RLIMIT_AS, &l);
		for (;;)
			piece();
	}
	return waitpid(pid, status, 0) == pid;
}

/* Holds a quarter of a megabyte until the gate closes, and then looks whether it is still there. */
static void other(int gate)
{
	char c, *p = piece();

	(void)!read(gate, &c, 1);
	for (int i = 0; i < PIECE; i++)
		if (p[i] != 'm')
			_exit(1);
	_exit(7);
}

int main(void)
{
	int gate[2], status, well = 0;

	if (pipe(gate))
		return 1;
	for (int i = 0; i < OTHERS; i++)
		if (fork() == 0) {
			close(gate[1]);
			other(gate[0]);
		}
	if (become(1, &status))
		printf("limit: %s\n", WIFEXITED(status) ? strerror(WEXITSTATUS(status)) : "killed");
	if (become(0, &status))
		printf("eater: signal %d\n", WTERMSIG(status));
	close(gate[1]);
	while (wait(&status) > 0)
		well += WIFEXITED(status) && WEXITSTATUS(status) == 7;
	printf("others: %d well\n", well);
	return 0;
}
