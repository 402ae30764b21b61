/*
 * Runs functions of a shell script as cases (programs/cases/cases.h tells how), each in a shell of its own:
 *
 *	shell_cases BUSYBOX BIN SCRIPT NAME...
 *
 * NAME is a function case_NAME of the SCRIPT. The shell is BUSYBOX, the environment PATH=BIN, HOME, LC_ALL, TZ alone.
 */
#define CASES_OWN_MAIN
#include "cases/cases.h"

static const char *busybox, *script, *current;
static char path[300], function[100];

static void run_shell(void)
{
	char *argv[] = { "sh", "-c", ". \"$1\"; $2", "case", (char *)script, function, NULL };
	char *env[] = { path, "HOME=/", "LC_ALL=C", "TZ=UTC0", NULL };

	snprintf(function, sizeof(function), "case_%s", current);
	execve(busybox, argv, env);
	say("%s: %s", busybox, strerror(errno));
	_exit(96);
}

int main(int argc, char **argv)
{
	if (argc < 4)
		return 2;
	busybox = argv[1];
	snprintf(path, sizeof(path), "PATH=%s", argv[2]);
	script = argv[3];
	for (int i = 4; i < argc; i++) {
		current = argv[i];
		run_case(current, run_shell);
	}
	return 0;
}
