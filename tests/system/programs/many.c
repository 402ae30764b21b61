/* Fork until the kernel says no; then let all go, and see that forking works again. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

int main(void)
{
	int gate[2], n = 0;
	char c;

	if (pipe(gate))
		return 1;
	for (;; n++) {
		pid_t pid = fork();
		if (pid < 0)
			break;
		if (pid == 0) {
			close(gate[1]);
			_exit(read(gate[0], &c, 1) != 0);
		}
	}
	printf("forked until: %s\n", strerror(errno));
	fflush(stdout);
	close(gate[1]);
	while (n && wait(NULL) > 0)
		n--;
	printf(n ? "%d missing\n" : "all gone\n", n);
	fflush(stdout);
	for (int i = 0; i < 50; i++) {
		int status;
		pid_t pid = fork();
		if (pid == 0)
			_exit(0);
		if (pid < 0 || waitpid(pid, &status, 0) != pid || status)
			return 2;
	}
	printf("again: fine\n");
	return 0;
}
