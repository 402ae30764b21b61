/* /proc: what programs read there. */
#include "cases.h"
#include <ctype.h>

static char text[8192];

static int slurp(const char *path)
{
	int fd = open(path, O_RDONLY), n = 0, more;

	if (fd < 0) {
		say("%s: %s", path, strerror(errno));
		return -1;
	}
	while ((more = (int)read(fd, text + n, sizeof(text) - 1 - (size_t)n)) > 0)
		n += more;
	text[n] = 0;
	close(fd);
	return n;
}

CASE(links, "/proc/self/fd, exe, cwd, root")
{
	char path[PATH_MAX], cwd[PATH_MAX];
	int fd = open("f", O_CREAT | O_RDWR, 0600), p[2];
	ssize_t n;

	getcwd(cwd, sizeof(cwd));
	n = readlink("/proc/self/cwd", path, sizeof(path) - 1);
	path[n] = 0;
	say("%d", !strcmp(path, cwd));
	n = readlink("/proc/self/root", path, sizeof(path) - 1);
	path[n] = 0;
	say("%s", path);
	snprintf(text, sizeof(text), "/proc/self/fd/%d", fd);
	n = readlink(text, path, sizeof(path) - 1);
	path[n] = 0;
	say("%s", path + strlen(cwd));
	unlink("f");
	n = readlink(text, path, sizeof(path) - 1);
	path[n] = 0;
	say("%s", path + strlen(cwd));
	pipe(p);
	snprintf(text, sizeof(text), "/proc/self/fd/%d", p[0]);
	n = readlink(text, path, sizeof(path) - 1);
	say("%.6s", path);
	show_stat(text);
	snprintf(text, sizeof(text), "/proc/self/fd/%d", p[1]);
	SAY(lstat(text, &(struct stat){ 0 }));
	SAY(unlink(text) == -1);
	SAY(access("/proc/self/exe", X_OK));
	n = readlink("/proc/self", path, sizeof(path) - 1);
	path[n] = 0;
	say("%d", atoi(path) == getpid());
	SAY(chdir("/proc/self/fd"));
	SAY(access("0", F_OK));
	SAY(access("888", F_OK));
	SAY(access("x", F_OK));
	SAY(access("00", F_OK));
}

CASE(status_fields, "names in /proc/self/status that programs look for")
{
	static const char *const wanted[] = { "Name:", "Umask:", "State:", "Tgid:", "Pid:", "PPid:", "TracerPid:", "Uid:", "Gid:", "FDSize:", "Groups:",
		"VmPeak:", "VmSize:", "VmLck:", "VmHWM:", "VmRSS:", "VmData:", "VmStk:", "VmExe:", "VmLib:", "Threads:", "SigQ:", "SigPnd:", "ShdPnd:",
		"SigBlk:", "SigIgn:", "SigCgt:", "CapInh:", "CapPrm:", "CapEff:", "NoNewPrivs:", "Cpus_allowed:", "voluntary_ctxt_switches:",
		"nonvoluntary_ctxt_switches:" };

	slurp("/proc/self/status");
	for (unsigned int i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
		char line[50];

		snprintf(line, sizeof(line), "\n%s\t", wanted[i]);
		say("%s %d", wanted[i], strstr(text, line + (i == 0)) != NULL);
	}
}

CASE(status_values, "values in status and stat: signals, ids, umask, state")
{
	char *at;
	sigset_t set;

	umask(031);
	signal(SIGUSR1, SIG_IGN);
	catch_signal(SIGUSR2, 0);
	sigemptyset(&set);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	raise(SIGHUP);
	slurp("/proc/self/status");
	static const char *const wanted[] = { "Umask:", "State:", "SigPnd:", "SigBlk:", "SigIgn:", "SigCgt:", "Threads:", "TracerPid:" };
	for (unsigned int i = 0; i < 8; i++) {
		at = strstr(text, wanted[i]);
		say("%.*s", at ? (int)strcspn(at, "\n") : 0, at ? at : "");
	}
}

CASE(stat_fields, "/proc/self/stat: fields and their number")
{
	int fields = 1;
	char *at;

	syscall(SYS_prctl, 15, "a ) name", 0, 0, 0);
	slurp("/proc/self/stat");
	at = strchr(text, '(');
	say("pid %d, %.10s", atoi(text) == getpid(), at);
	at = strrchr(text, ')') + 2;
	say("state %c", *at);
	for (char *p = at; *p; p++)
		fields += *p == ' ';
	say("%d fields", fields + 2);
	int ppid = 0, pgrp = 0, session = 0;
	sscanf(at + 2, "%d %d %d", &ppid, &pgrp, &session);
	say("%d %d %d", ppid == getppid(), pgrp == getpgrp(), session == getsid(0));
	slurp("/proc/self/comm");
	say("%s", text);
	SAY(write(open("/proc/self/comm", O_WRONLY), "renamed\n", 8));
	slurp("/proc/self/comm");
	say("%s", text);
}

CASE(maps_lines, "/proc/self/maps: every line has its form; a mapping of a file is there with its name")
{
	int fd = open("mapped file", O_CREAT | O_RDWR, 0600), bad = 0, seen = 0;
	unsigned long start, end, offset;
	char rights[8], *p;

	ftruncate(fd, 8192);
	p = mmap(NULL, 8192, PROT_READ, MAP_SHARED, fd, 0);
	mprotect(p + 4096, 4096, PROT_READ | PROT_WRITE);
	slurp("/proc/self/maps");
	for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
		if (sscanf(line, "%lx-%lx %4s %lx", &start, &end, rights, &offset) != 4 || start >= end)
			bad++;
		if (start == (unsigned long)p || start == (unsigned long)p + 4096) {
			seen++;
			say("%s %lx %s", rights, offset, strrchr(line, '/') ? strrchr(line, '/') : "no name");
		}
	}
	say("%d bad, %d seen", bad, seen);
}

CASE(cmdline_environ, "cmdline and environ of a child that changes neither")
{
	int n = slurp("/proc/self/cmdline"), strings = 0;

	for (int i = 0; i < n; i++)
		strings += !text[i];
	say("%d", n > 0 && strings >= 1 && text[n - 1] == 0);
	SAY(open("/proc/self/none", O_RDONLY));
	SAY(open("/proc/0", O_RDONLY));
	SAY(open("/proc/01", O_RDONLY));
	SAY(open("/proc/-1", O_RDONLY));
}

CASE(zombie_entries, "what is left in /proc of a zombie, and of nobody")
{
	char path[60];
	int status;
	pid_t pid = fork();

	if (!pid)
		_exit(0);
	SAY(wait_state(pid, "Z"));
	snprintf(path, sizeof(path), "/proc/%d/cmdline", (int)pid);
	say("cmdline %d bytes", slurp(path));
	snprintf(path, sizeof(path), "/proc/%d/exe", (int)pid);
	say("exe: %s", readlink(path, text, 10) < 0 ? strerror(errno) : "there");
	snprintf(path, sizeof(path), "/proc/%d/maps", (int)pid);
	say("maps %d bytes", slurp(path));
	waitpid(pid, &status, 0);
	snprintf(path, sizeof(path), "/proc/%d", (int)pid);
	SAY(access(path, F_OK));
}

CASE(open_entry_dies, "a /proc file held open when its process goes")
{
	char path[60];
	int status, fd, dir;
	pid_t pid = fork();

	if (!pid)
		for (;;)
			pause();
	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	fd = open(path, O_RDONLY);
	snprintf(path, sizeof(path), "/proc/%d", (int)pid);
	dir = open(path, O_RDONLY | O_DIRECTORY);
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	SAY(read(fd, text, 100));
	SAY(syscall(SYS_getdents64, dir, text, 1000));
}

CASE(text_files, "reading in pieces, seeking, writing what cannot be written")
{
	char piece[64];
	int fd = open("/proc/self/status", O_RDONLY), whole = slurp("/proc/self/status"), n, sum = 0;

	while ((n = (int)read(fd, piece, 7)) > 0)
		sum += n;
	say("%d", sum == whole || sum > 100);
	SAY(lseek(fd, 0, SEEK_SET));
	SAY(read(fd, piece, 5));
	say("%.5s", piece);
	SAY(lseek(fd, 0, SEEK_CUR));
	SAY(pread(fd, piece, 5, 0));
	SAY(lseek(fd, -1, SEEK_SET));
	SAY(write(fd, "x", 1));
	SAY(read(fd, piece, 0));
	SAY(read(fd, (void *)16, 10));
	show_stat("/proc/uptime");
	slurp("/proc/uptime");
	say("%d", isdigit((unsigned char)text[0]) && strchr(text, ' '));
	slurp("/proc/loadavg");
	int words = 1;
	for (char *p = text; *p; p++)
		words += *p == ' ';
	say("%d words", words);
	slurp("/proc/sys/kernel/ostype");
	say("%s", text);
	SAY(open("/proc/sys/kernel/none", O_RDONLY));
}

CASE(mountinfo, "/proc/self/mountinfo: the form of its lines; the root and /proc are there")
{
	char line[1024], root[256], at[256], type[64], source[256], options[256], *rest;
	FILE *f = fopen("/proc/self/mountinfo", "r");
	int bad = 0, roots = 0, procs = 0, id, parent, major, minor;

	while (f && fgets(line, sizeof(line), f)) {
		rest = strstr(line, " - ");
		if (sscanf(line, "%d %d %d:%d %255s %255s r%*1[ow]", &id, &parent, &major, &minor, root, at) != 6 || root[0] != '/' || at[0] != '/' || !rest ||
		    sscanf(rest, " - %63s %255s r%255s\n", type, source, options) != 3) {
			bad++;
			continue;
		}
		roots += !strcmp(at, "/");
		procs += !strcmp(at, "/proc") && !strcmp(type, "proc");
	}
	say("%d %d %d", bad, roots > 0, procs > 0);
}

CASE_ROOT(foreign_entries, "what an ordinary user sees of root's process")
{
	char path[60];
	pid_t root = getpid();

	IN_CHILD {
		become(1000);
		static const char *const names[] = { "stat", "status", "cmdline", "comm", "maps", "environ", "fd", "exe", "cwd", "io" };
		for (int i = 0; i < 10; i++) {
			snprintf(path, sizeof(path), "/proc/%d/%s", (int)root, names[i]);
			if (i == 7 || i == 8)
				say("%s: %s", names[i], readlink(path, text, 10) < 0 ? strerror(errno) : "ok");
			else
				say("%s: %s", names[i], open(path, O_RDONLY) < 0 ? strerror(errno) : "ok");
		}
	}
}
