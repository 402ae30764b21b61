/*
 * bomb FILE: a fork bomb of user 1000. Every process forks as fast as it can, until FILE exists; then all are killed by kill(-1), as that
 * user. Tells which error fork ended with.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile struct seen { int error, forks; } *seen;

static void explode(void)
{
	for (;;) {
		pid_t pid = fork();
		if (pid > 0)
			__sync_fetch_and_add(&seen->forks, 1);
		if (pid < 0) {
			seen->error = errno;
			sleep(1); /* as a shell does before it tries again */
		}
	}
}

int main(int argc, char **argv)
{
	pid_t pid;

	seen = mmap(NULL, sizeof(*seen), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	if (fork() == 0) {
		if (setgid(1000) || setuid(1000))
			_exit(1);
		explode();
	}
	while (argc < 2 || access(argv[1], F_OK))
		usleep(100000);
	do { /* again and again: one could have been being born */
		if (fork() == 0) {
			if (setgid(1000) || setuid(1000))
				_exit(1);
			kill(-1, SIGKILL);
			_exit(0);
		}
		usleep(50000);
		while ((pid = waitpid(-1, NULL, WNOHANG)) > 0)
			;
	} while (pid == 0);
	printf("%s after %s\n", strerror(seen->error), seen->forks > 50 ? "many" : "few");
	return 0;
}
