/* Ids, groups, what may be changed by whom, and set-id programs. Wants to be root. */
#include "say.h"
#include <grp.h>
#include <sys/fsuid.h>
#include <sys/prctl.h>
#include <sys/resource.h>

static void ids(const char *what)
{
	uid_t r, e, s;
	gid_t gr, ge, gs;

	getresuid(&r, &e, &s);
	getresgid(&gr, &ge, &gs);
	say("%s: uid %u %u %u gid %u %u %u", what, r, e, s, gr, ge, gs);
}

/* Do it in a child, so that root is there again afterwards. */
static void in_child(const char *what, void (*fn)(void))
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		fn();
		_exit(0);
	}
	waitpid(pid, &status, 0);
	say_status(what, status);
}

/* The bare calls: the library's would tell all threads. */
static void drop(void)
{
	SAY(syscall(SYS_setuid32, 1000));
	ids("dropped");
	SAY(syscall(SYS_setuid32, 0));
	SAY(syscall(SYS_setuid32, 1000));
	SAY(syscall(SYS_setreuid32, 0, -1));
	SAY(syscall(SYS_setresuid32, -1, 5, -1));
	SAY(syscall(SYS_setgroups32, 0, NULL));
	SAY(kill(1, 0));
	SAY(sethostname("x", 1));
	SAY(setpriority(PRIO_PROCESS, 0, -5));
	SAY(setpriority(PRIO_PROCESS, 0, 5));
	SAY(setpriority(PRIO_PROCESS, 0, 4));
	SAY(nice(-1));
	SAY(chroot("/"));
	SAY(syscall(SYS_settimeofday_time32, NULL, &(int[2]){ 0, 0 }));
}

static void effective(void)
{
	SAY(syscall(SYS_setresuid32, 1, 2, 3));
	ids("three");
	SAY(syscall(SYS_setreuid32, -1, 1));
	ids("effective is real");
	SAY(syscall(SYS_setreuid32, -1, 3));
	ids("effective is saved");
	SAY(syscall(SYS_setreuid32, 3, -1));
	ids("real too");
	SAY(syscall(SYS_setuid32, 1));
	SAY(syscall(SYS_setresuid32, 3, 3, 3));
	ids("all three");
}

static void swap(void)
{
	SAY(syscall(SYS_setreuid32, 0, 1000));
	ids("swapped");
	SAY(syscall(SYS_setreuid32, 1000, 0));
	ids("back");
	SAY(syscall(SYS_setregid32, 7, 8));
	ids("groups");
	SAY(syscall(SYS_setresgid32, -1, 0, 9));
	ids("groups");
}

static void fs_ids(void)
{
	SAY(setfsuid(77));
	SAY(setfsuid(-1));
	SAY(setfsgid(78));
	SAY(setfsgid(0));
	SAY(close(open("owned", O_CREAT | O_WRONLY, 0600)));
	struct stat st;
	stat("owned", &st);
	say("owned by %u %u", st.st_uid, st.st_gid);
}

static void narrow(void)
{
	unsigned short list[4] = { 0 };
	gid_t wide[3] = { 5, 70000, 9 };

	SAY(syscall(SYS_setgroups32, 3, wide));
	SAY(syscall(SYS_getgroups32, 0, NULL));
	SAY(syscall(SYS_getgroups32, 2, wide));
	SAY(syscall(SYS_getgroups, 4, list));
	say("%u %u %u", list[0], list[1], list[2]);
	SAY(syscall(SYS_setresuid32, 70000, -1, -1));
	SAY(syscall(SYS_getuid));
	SAY(syscall(SYS_getuid32));
	SAY(syscall(SYS_setreuid, 0xffff, 60));
	ids("sixteen bits");
}

static void access_of_others(void)
{
	SAY(close(open("secret", O_CREAT | O_WRONLY, 0640)));
	SAY(chown("secret", 0, 50));
	SAY(mkdir("closed", 0700));
	SAY(close(open("closed/x", O_CREAT | O_WRONLY, 0666)));
	SAY(syscall(SYS_setgroups32, 1, &(gid_t){ 50 }));
	SAY(syscall(SYS_setgid32, 60));
	SAY(syscall(SYS_setuid32, 1000));
	SAY_OK(open("secret", O_RDONLY));
	SAY_OK(open("secret", O_WRONLY));
	SAY_OK(open("closed/x", O_RDONLY));
	SAY(chmod("secret", 0666));
	SAY(chown("secret", 1000, -1));
	SAY(unlink("secret"));
	SAY(access("secret", R_OK));
	SAY(access("secret", W_OK));
}

/* ---- set-id ---- */

static const char *self;

static int copy_self(const char *to)
{
	char block[4096];
	int in = open(self, O_RDONLY), out = open(to, O_CREAT | O_TRUNC | O_WRONLY, 0755);
	ssize_t n;

	while ((n = read(in, block, sizeof(block))) > 0)
		if (write(out, block, (size_t)n) != n)
			return -1;
	close(in);
	return close(out);
}

static void run_set_id(void)
{
	SAY(syscall(SYS_setgid32, 60));
	SAY(syscall(SYS_setuid32, 1000));
	execl("./setid", "setid", "ids", (char *)NULL);
	say("exec: %s", strerror(errno));
}

static void run_without_privileges(void)
{
	SAY(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
	SAY(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0));
	SAY(prctl(PR_SET_NO_NEW_PRIVS, 0, 0, 0, 0));
	run_set_id();
}

static void set_id(void)
{
	SAY(copy_self("setid"));
	SAY(chown("setid", 500, 600));
	SAY(chmod("setid", 06755));
	in_child("set-id program", run_set_id);
	in_child("set-id program without new privileges", run_without_privileges);
	SAY(chmod("setid", 02745)); /* set-gid without group execution means something else */
	in_child("not a set-gid program", run_set_id);
	SAY(chmod("setid", 0700));
	in_child("not executable", run_set_id);
}

static void limit_of_processes(void)
{
	struct rlimit l = { 1, 1 };

	SAY(setrlimit(RLIMIT_NPROC, &l));
	SAY(syscall(SYS_setuid32, 31000));
	SAY(fork());
}

static void prctls(void)
{
	char name[16] = "";
	int v = -1;

	SAY(prctl(PR_SET_NAME, "a name that is too long"));
	SAY(prctl(PR_GET_NAME, name));
	say("name %s", name);
	SAY(prctl(PR_SET_PDEATHSIG, SIGUSR1));
	SAY(prctl(PR_GET_PDEATHSIG, &v));
	say("signal %d", v);
	SAY(prctl(PR_SET_PDEATHSIG, 99));
	SAY(prctl(PR_GET_DUMPABLE));
	SAY(prctl(PR_SET_DUMPABLE, 0));
	SAY(prctl(PR_GET_DUMPABLE));
	SAY(prctl(9999));
}

int main(int argc, char **argv)
{
	self = argv[0];
	if (argc > 1) {
		ids("program");
		return 0;
	}
	if (geteuid()) {
		say("not root");
		return 0;
	}
	umask(022);
	SAY(chmod(".", 0755));
	syscall(SYS_setgroups32, 0, NULL);
	in_child("drop", drop);
	in_child("effective", effective);
	in_child("swap", swap);
	in_child("fs ids", fs_ids);
	in_child("narrow", narrow);
	in_child("access", access_of_others);
	set_id();
	in_child("limit", limit_of_processes);
	in_child("prctl", prctls);
	return 0;
}
