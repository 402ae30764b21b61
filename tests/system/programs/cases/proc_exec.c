/* exec: what runs, what does not, what is kept. */
#include "cases.h"

void exec_main(int argc, char **argv)
{
	extern char **environ;

	if (argc > 1 && !strcmp(argv[1], "signals")) {
		struct sigaction a;
		sigset_t set;
		struct itimerval t;
		stack_t s;

		sigaction(SIGUSR1, NULL, &a);
		say("caught: default %d", a.sa_handler == SIG_DFL);
		sigaction(SIGUSR2, NULL, &a);
		say("ignored: ignored %d", a.sa_handler == SIG_IGN);
		sigprocmask(SIG_BLOCK, NULL, &set);
		say("blocked %d", sigismember(&set, SIGHUP));
		sigpending(&set);
		say("pending %d", sigismember(&set, SIGHUP));
		getitimer(ITIMER_REAL, &t);
		say("timer %d", t.it_value.tv_sec > 900);
		sigaltstack(NULL, &s);
		say("stack flags %d", s.ss_flags);
		say("umask %o, nice %d", umask(0), getpriority(PRIO_PROCESS, 0));
		return;
	}
	if (argc > 1 && !strcmp(argv[1], "ids")) {
		say("uids %d %d, gids %d %d", (int)getuid(), (int)geteuid(), (int)getgid(), (int)getegid());
		return;
	}
	if (argc > 1 && !strcmp(argv[1], "count")) {
		int n = 0;

		while (environ[n])
			n++;
		say("%d arguments, %d variables, last %d long", argc, n, (int)strlen(argv[argc - 1]));
		return;
	}
	for (int i = 1; i < argc; i++)
		say("argument %d: %s", i, argv[i]);
	for (int i = 0; environ[i]; i++)
		say("variable %d: %s", i, environ[i]);
}

static void make(const char *path, const void *bytes, size_t n, mode_t mode)
{
	int fd = open(path, O_CREAT | O_WRONLY | O_TRUNC, 0755);

	write(fd, bytes, n);
	close(fd);
	chmod(path, mode);
}

static void script(const char *path, const char *text) { make(path, text, strlen(text), 0755); }

/* This program as ./self. */
static void copy_self(const char *to, mode_t mode)
{
	static char buffer[1 << 20];
	int fd = open("/proc/self/exe", O_RDONLY);
	ssize_t n = read(fd, buffer, sizeof(buffer));

	make(to, buffer, (size_t)n, mode);
	close(fd);
}

/* Try to execute; the error when it does not work. */
#define TRY(path) \
	do { \
		IN_CHILD { \
			execl(path, "exec-case", "arg", (char *)NULL); \
			say("%s: %s", path, strerror(errno)); \
		} \
	} while (0)

CASE(exec_errors, "what cannot be executed, and why")
{
	clearenv();
	put("text", "echo a shell would run this\n");
	chmod("text", 0755);
	make("empty", "", 0, 0755);
	make("not_allowed", "\177ELF", 4, 0644);
	mkdir("folder", 0755);
	symlink("loop", "loop");
	symlink("text", "link");
	mkfifo("fifo", 0755);
	TRY("none");
	TRY("none/x");
	TRY("text/x");
	TRY("text");
	TRY("empty");
	TRY("not_allowed");
	TRY("folder");
	TRY("loop");
	TRY("link");
	TRY("fifo");
	TRY("/dev/null");
	TRY("");
	TRY("text/");
}

CASE(bad_elf, "damaged ELF headers")
{
	static unsigned char head[4096];
	int fd = open("/proc/self/exe", O_RDONLY);

	clearenv();
	read(fd, head, sizeof(head));
	make("short", head, 20, 0755);
	TRY("short");
	make("header_only", head, 52, 0755);
	TRY("header_only");
	head[4] = 9; /* class */
	make("class", head, 4096, 0755);
	head[4] = 1;
	head[18] = 8; /* MIPS */
	make("machine", head, 4096, 0755);
	TRY("machine");
	head[18] = 3;
	head[16] = 1; /* relocatable */
	make("type", head, 4096, 0755);
	TRY("type");
	head[16] = 2;
	head[42] = 99; /* size of a program header */
	make("phentsize", head, 4096, 0755);
	TRY("phentsize");
	head[42] = 32;
	head[44] = head[45] = 0; /* no program headers */
	make("phnum", head, 4096, 0755);
	TRY("phnum");
	head[0] = 'x';
	make("magic", head, 4096, 0755);
	TRY("magic");
}

CASE(scripts, "interpreter lines: arguments, spaces, length, nesting, missing interpreters")
{
	char path[PATH_MAX], text[PATH_MAX + 400], cwd[PATH_MAX];

	clearenv();
	getcwd(cwd, sizeof(cwd));
	copy_self("self", 0755);
	/* the interpreter shows its arguments only when it is called exec-case */
	symlink("self", "exec-case");
	snprintf(path, sizeof(path), "%s", "exec-case");
	snprintf(text, sizeof(text), "#!%s\n", path);
	script("plain", text);
	script("spaces", "#!   exec-case   one two three   \n");
	script("tab", "#!\texec-case\tx\n");
	script("no_newline", "#!exec-case last");
	script("nothing", "#!\n");
	script("blank", "#!   \n");
	script("missing", "#!/no/such/interpreter\n");
	script("folder", "#!/\n");
	script("nested1", "#!./plain inner\n");
	script("nested2", "#!./nested1\n");
	script("nested3", "#!./nested2\n");
	script("nested4", "#!./nested3\n");
	script("nested5", "#!./nested4\n");
	script("itself", "#!./itself\n");
	script("not_executable", "#!exec-case\n");
	chmod("not_executable", 0644);
	TRY("./plain");
	TRY("./spaces");
	TRY("./tab");
	TRY("./no_newline");
	TRY("./nothing");
	TRY("./blank");
	TRY("./missing");
	TRY("./folder");
	TRY("./nested1");
	TRY("./nested2");
	TRY("./nested3");
	TRY("./nested4");
	TRY("./nested5");
	TRY("./itself");
	TRY("./not_executable");
	memset(text, 'x', 400);
	memcpy(text, "#!exec-case ", 12);
	strcpy(text + 250, "\n");
	script("long", text);
	IN_CHILD {
		execl("./long", "exec-case", (char *)NULL);
		say("%s", strerror(errno));
	}
	memset(text, 'y', 400);
	memcpy(text, "#!/", 3);
	strcpy(text + 300, "\n");
	script("too_long", text);
	IN_CHILD {
		execl("./too_long", "exec-case", (char *)NULL);
		say("%s", strerror(errno));
	}
}

CASE(arguments, "argv and environment arrive whole; argv empty")
{
	char *argv[] = { "exec-case", "", "two words", "\n", "\377", NULL }, *env[] = { "A=1", "=", "no_equals", "A=2", NULL };
	char *none[] = { NULL };

	IN_CHILD execve("/proc/self/exe", argv, env);
	IN_CHILD execve("/proc/self/exe", (char *[]){ "exec-case", NULL }, none);
	IN_CHILD {
		execve("/proc/self/exe", (char **)16, env);
		say("%s", strerror(errno));
		execve("/proc/self/exe", (char *[]){ "exec-case", (char *)16, NULL }, env);
		say("%s", strerror(errno));
		execve("/proc/self/exe", argv, (char **)16);
		say("%s", strerror(errno));
		execve((char *)16, argv, env);
		say("%s", strerror(errno));
	}
}

CASE(argument_limits, "E2BIG: one string of 128 KiB, a quarter of the stack altogether")
{
	static char big[200000], *many[40];
	struct rlimit l = { 1 << 20, 1 << 20 };

	clearenv();
	memset(big, 'x', sizeof(big));
	big[131070] = 0;
	IN_CHILD {
		execl("/proc/self/exe", "exec-case", "count", big, (char *)NULL);
		say("%s", strerror(errno));
	}
	big[131070] = 'x';
	big[131071] = 0;
	IN_CHILD {
		execl("/proc/self/exe", "exec-case", "count", big, (char *)NULL);
		say("%s", strerror(errno));
	}
	big[131071] = 'x';
	big[131072] = 0;
	IN_CHILD {
		execl("/proc/self/exe", "exec-case", "count", big, (char *)NULL);
		say("%s", strerror(errno));
	}
	big[100000] = 0;
	many[0] = "exec-case";
	many[1] = "count";
	for (int i = 2; i < 18; i++)
		many[i] = big;
	IN_CHILD {
		execv("/proc/self/exe", many);
		say("%s", strerror(errno));
	}
	setrlimit(RLIMIT_STACK, &l);
	IN_CHILD {
		execv("/proc/self/exe", many);
		say("%s", strerror(errno));
	}
	many[4] = NULL;
	IN_CHILD {
		execv("/proc/self/exe", many);
		say("%s", strerror(errno));
	}
}

CASE(kept_over_exec, "caught signals become default; ignored ones, the mask, what is pending, timers are kept")
{
	struct itimerval t = { { 0, 0 }, { 1000, 0 } };
	static char other[8192];
	stack_t s = { .ss_sp = other, .ss_size = sizeof(other) };
	sigset_t set;

	catch_signal(SIGUSR1, 0);
	signal(SIGUSR2, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	raise(SIGHUP);
	setitimer(ITIMER_REAL, &t, NULL);
	sigaltstack(&s, NULL);
	umask(027);
	nice(2);
	execl("/proc/self/exe", "exec-case", "signals", (char *)NULL);
}

CASE_ROOT(set_id, "set-user-id and set-group-id programs; not with no-new-privs, not for scripts")
{
	copy_self("suid", 0755);
	chown("suid", 1234, 2345);
	chmod("suid", 04755);
	copy_self("sgid", 0755);
	chown("sgid", 1234, 2345);
	chmod("sgid", 02755);
	copy_self("both", 0755);
	chmod("both", 06755);
	chmod(".", 0777);
	IN_CHILD execl("./suid", "exec-case", "ids", (char *)NULL);
	IN_CHILD execl("./sgid", "exec-case", "ids", (char *)NULL);
	IN_CHILD {
		become(1000);
		execl("./both", "exec-case", "ids", (char *)NULL);
	}
	IN_CHILD {
		become(1000);
		syscall(SYS_prctl, 38, 1, 0, 0, 0);
		execl("./both", "exec-case", "ids", (char *)NULL);
	}
	IN_CHILD {
		become(1000);
		chmod("suid", 0);
		execl("./suid", "exec-case", "ids", (char *)NULL);
		say("%s", strerror(errno));
	}
}

CASE_ROOT(execute_only, "a program may be run by who cannot read it, a script not")
{
	clearenv();
	copy_self("secret", 0711);
	script("script", "#!./secret\n");
	chmod("script", 0711);
	become(1000);
	SAY_OK(open("secret", O_RDONLY));
	TRY("./secret");
	IN_CHILD {
		execl("./script", "exec-case", "arg", (char *)NULL);
		say("%s", strerror(errno));
	}
}

CASE(execveat_forms, "execveat: by descriptor, empty path, links, scripts")
{
	int fd, d, link;
	char *argv[] = { "exec-case", "x", NULL }, *env[] = { NULL };

	copy_self("self", 0755);
	script("script", "#!./self\n");
	symlink("self", "link");
	mkdir("d", 0755);
	d = open(".", O_PATH);
	fd = open("self", O_PATH);
	link = open("link", O_PATH | O_NOFOLLOW);
#define AT(...) \
	IN_CHILD { \
		syscall(SYS_execveat, __VA_ARGS__); \
		say("%s", strerror(errno)); \
	}
	AT(d, "self", argv, env, 0);
	AT(fd, "", argv, env, AT_EMPTY_PATH);
	AT(fd, "", argv, env, 0);
	AT(d, "link", argv, env, AT_SYMLINK_NOFOLLOW);
	AT(link, "", argv, env, AT_EMPTY_PATH);
	AT(d, "none", argv, env, 0);
	AT(d, "d", argv, env, 0);
	AT(d, "self", argv, env, 0x8000);
	AT(999, "self", argv, env, 0);
	AT(fd, "x", argv, env, 0);
	AT(open("script", O_PATH | O_CLOEXEC), "", argv, env, AT_EMPTY_PATH);
}

CASE(names_after_exec, "comm, cmdline and exe of an executed program")
{
	char text[200];
	int fd;
	pid_t pid;
	ssize_t n;

	copy_self("a_program_with_a_long_name", 0755);
	pid = fork();
	if (!pid) {
		setenv("CASES_WAIT", "1", 1);
		dup2(open("/dev/null", O_WRONLY), 1);
		execl("./a_program_with_a_long_name", "other", "wait_forever", (char *)NULL);
		_exit(1);
	}
	for (int i = 0; i < 1000; i++) {
		snprintf(text, sizeof(text), "/proc/%d/comm", (int)pid);
		fd = open(text, O_RDONLY);
		n = read(fd, text, sizeof(text));
		close(fd);
		if (n > 1 && text[0] == 'a')
			break;
		sleep_ms(10);
	}
	say("%.*s", (int)n - 1, text);
	snprintf(text, sizeof(text), "/proc/%d/cmdline", (int)pid);
	fd = open(text, O_RDONLY);
	n = read(fd, text, sizeof(text));
	for (int i = 0; i < n; i++)
		text[i] = text[i] ? text[i] : ' ';
	say("%.*s", (int)n, text);
	kill(pid, SIGKILL);
}

/* Run by names_after_exec, in whose copy of this program it waits. */
CASE(wait_forever, "nothing to see")
{
	while (getenv("CASES_WAIT"))
		pause();
}
