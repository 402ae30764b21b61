/* System V message queues: order and types, full and empty queues, limits, permissions. */
#include "cases.h"
#include <sys/ipc.h>
#include <sys/msg.h>

#define KEY (key_ ? key_ : (key_ = 0x53000000 + getpid() * 16)) /* of this run alone, and of a case's children, too */
#define MSG_STAT_ANY 13
#define STAT 2 /* the kernel's number: musl's IPC_STAT has a bit more */
#define MSG_EXCEPT_ 020000

struct message {
	long type;
	char text[9000];
};

static struct message in, out;
static key_t key_;
static int made[16], nr_made;

static int get(key_t key, int flags)
{
	int id = msgget(key, flags);

	if (id >= 0 && nr_made < 16)
		made[nr_made++] = id;
	return id;
}

static void remove_all(void)
{
	for (int i = 0; i < nr_made; i++)
		msgctl(made[i], IPC_RMID, NULL);
}

static int put_text(int id, long type, const char *text)
{
	out.type = type;
	strcpy(out.text, text);
	return msgsnd(id, &out, strlen(text), IPC_NOWAIT);
}

static void take(int id, size_t size, long type, int flags)
{
	ssize_t n;

	memset(&in, 0, 100);
	n = msgrcv(id, &in, size, type, flags);
	if (n < 0)
		say("%ld %#x: %s", type, flags, strerror(errno));
	else
		say("%ld %#x: %zd bytes, type %ld, %.20s", type, flags, n, in.type, in.text);
}

static void show(int id)
{
	struct msqid_ds d;

	if (msgctl(id, IPC_STAT, &d))
		say("IPC_STAT: %s", strerror(errno));
	else
		say("%lu messages, %lu bytes of %lu, mode %o, stime %s rtime %s ctime %s, lspid %s lrpid %s", (unsigned long)d.msg_qnum,
		    (unsigned long)d.__msg_cbytes, (unsigned long)d.msg_qbytes, d.msg_perm.mode, d.msg_stime ? "set" : "0", d.msg_rtime ? "set" : "0",
		    d.msg_ctime ? "set" : "0", d.msg_lspid == getpid() ? "me" : d.msg_lspid ? "another" : "0",
		    d.msg_lrpid == getpid() ? "me" : d.msg_lrpid ? "another" : "0");
}

/* Wait until the queue holds so many messages. */
static void wait_messages(int id, unsigned long n)
{
	struct msqid_ds d;

	for (int i = 0; i < 3000; i++) {
		if (msgctl(id, IPC_STAT, &d) || d.msg_qnum == n)
			return;
		sleep_ms(10);
	}
}

CASE(msg_get, "msgget and msgctl: keys, what there is not")
{
	int a;

	SAY(msgget(KEY, 0600));
	say("made %d", (a = get(KEY, IPC_CREAT | IPC_EXCL | 0640)) >= 0);
	say("the same %d %d", msgget(KEY, 0) == a, msgget(KEY, IPC_CREAT | 0400) == a);
	SAY(msgget(KEY, IPC_CREAT | IPC_EXCL | 0600));
	say("another %d", get(IPC_PRIVATE, 0600) != a);
	show(a);
	SAY(msgctl(a, 99, NULL));
	SAY(msgctl(a, -1, NULL));
	SAY(msgctl(-1, IPC_RMID, NULL));
	SAY(msgctl(a, IPC_RMID, NULL));
	SAY(msgctl(a, IPC_RMID, NULL));
	SAY(msgsnd(a, &out, 1, 0));
	SAY(msgrcv(a, &in, 1, 0, 0));
	remove_all();
}

CASE(msg_types, "messages come in order, by type, by the lowest type, by another type")
{
	int id = get(IPC_PRIVATE, 0600);

	take(id, 100, 0, IPC_NOWAIT);
	put_text(id, 3, "three");
	put_text(id, 1, "one");
	put_text(id, 2, "two");
	put_text(id, 1, "one again");
	put_text(id, 5, "");
	show(id);
	take(id, 100, 2, 0);
	take(id, 100, 2, IPC_NOWAIT);
	take(id, 100, -4, 0);
	take(id, 100, -4, 0);
	take(id, 100, -2, IPC_NOWAIT);
	put_text(id, 3, "three again");
	take(id, 100, 3, MSG_EXCEPT_);
	take(id, 3, 3, 0);
	take(id, 3, 3, MSG_NOERROR);
	take(id, 100, 0, 0);
	take(id, 100, 0, IPC_NOWAIT);
	put_text(id, 7, "far");
	take(id, 100, (long)0x80000000, 0);
	show(id);
	remove_all();
}

CASE(msg_refused, "what msgsnd and msgrcv refuse")
{
	int id = get(IPC_PRIVATE, 0600);

	SAY(put_text(id, 0, "x"));
	SAY(put_text(id, -1, "x"));
	out.type = 1;
	SAY(msgsnd(id, &out, 8193, 0));
	SAY(msgsnd(id, &out, -1, 0));
	SAY(msgsnd(id, &out, 8192, 0));
	SAY(msgsnd(-1, &out, 1, 0));
	SAY(msgsnd(id, (void *)1, 1, 0));
	SAY(msgrcv(id, &in, -1, 0, 0));
	SAY(msgrcv(-1, &in, 1, 0, 0));
	SAY(msgrcv(id, &in, 1, 0, 0));
	SAY(msgrcv(id, &in, 1, 0, 040000));
	SAY(msgrcv(id, (void *)1, 9000, 0, 0));
	show(id);
	remove_all();
}

CASE(msg_full, "a full queue: EAGAIN, waiting senders and receivers, qbytes")
{
	int id = get(IPC_PRIVATE, 0600), status;
	struct msqid_ds d;
	pid_t pid;

	out.type = 1;
	SAY(msgsnd(id, &out, 8192, IPC_NOWAIT));
	SAY(msgsnd(id, &out, 8192, IPC_NOWAIT));
	SAY(msgsnd(id, &out, 1, IPC_NOWAIT));
	SAY(msgsnd(id, &out, 0, IPC_NOWAIT));
	show(id);
	pid = fork();
	if (!pid) {
		out.type = 4;
		_exit(msgsnd(id, &out, 10, 0) ? errno : 0);
	}
	wait_state(pid, "S");
	say("%zd", msgrcv(id, &in, 9000, 0, 0));
	waitpid(pid, &status, 0);
	say("sent %d", WEXITSTATUS(status));
	show(id);
	msgctl(id, IPC_STAT, &d);
	d.msg_qbytes = 100;
	SAY(msgctl(id, IPC_SET, &d));
	SAY(put_text(id, 1, "x"));
	say("%zd", msgrcv(id, &in, 9000, 1, 0));
	say("%zd", msgrcv(id, &in, 9000, 4, 0));
	say("%zd", msgrcv(id, &in, 9000, 1, 0));
	SAY(msgsnd(id, &out, 101, IPC_NOWAIT));
	SAY(msgsnd(id, &out, 100, IPC_NOWAIT));
	say("%zd", msgrcv(id, &in, 9000, 0, 0));
	pid = fork();
	if (!pid)
		_exit(msgrcv(id, &in, 100, 9, 0) == 5 && !memcmp(in.text, "hello", 5) ? 0 : 1);
	wait_state(pid, "S");
	put_text(id, 8, "not");
	put_text(id, 9, "hello");
	waitpid(pid, &status, 0);
	say("received %d", WEXITSTATUS(status));
	wait_messages(id, 1);
	show(id);
	pid = fork();
	if (!pid)
		_exit(msgrcv(id, &in, 100, 99, 0) < 0 ? errno : 0);
	wait_state(pid, "S");
	SAY(msgctl(id, IPC_RMID, NULL));
	waitpid(pid, &status, 0);
	say("removed: %s", strerror(WEXITSTATUS(status)));
	remove_all();
}

CASE(msg_interrupted, "a signal with a handler ends waiting with EINTR")
{
	int id = get(IPC_PRIVATE, 0600), status;
	pid_t pid = fork();

	if (!pid) {
		catch_signal(SIGUSR1, SA_RESTART);
		kill(getpid(), SIGSTOP);
		_exit(msgrcv(id, &in, 100, 0, 0) < 0 ? errno : 0);
	}
	wait_state(pid, "T");
	kill(pid, SIGCONT);
	wait_state(pid, "S");
	kill(pid, SIGUSR1);
	waitpid(pid, &status, 0);
	say("%s", strerror(WEXITSTATUS(status)));
	remove_all();
}

CASE_ROOT(msg_permissions, "who may send, receive, look, change, remove")
{
	int id = get(KEY, IPC_CREAT | 0604);
	struct msqid_ds d;

	put_text(id, 1, "for all");
	IN_CHILD {
		become(1000);
		SAY(put_text(id, 1, "x"));
		take(id, 100, 0, 0);
		SAY(msgctl(id, IPC_STAT, &d));
		SAY(msgctl(id, IPC_SET, &d));
		SAY(msgctl(id, IPC_RMID, NULL));
		SAY(msgget(KEY, 0200));
	}
	msgctl(id, IPC_STAT, &d);
	d.msg_perm.uid = 1000;
	d.msg_perm.mode = 0200;
	SAY(msgctl(id, IPC_SET, &d));
	d.msg_qbytes = 20000;
	IN_CHILD {
		become(1000);
		SAY(put_text(id, 1, "x"));
		SAY(msgrcv(id, &in, 100, 0, 0));
		SAY(msgctl(id, IPC_SET, &d));
		d.msg_qbytes = 10000;
		SAY(msgctl(id, IPC_SET, &d));
		SAY(msgctl(id, IPC_RMID, NULL));
	}
	remove_all();
}

CASE(msg_in_proc, "/proc/sysvipc/msg, MSG_STAT, MSG_INFO; the calls by their numbers")
{
	int id = get(KEY, IPC_CREAT | 0612), found = 0, key, msqid, mode, bytes, n;
	struct msginfo all;
	unsigned char raw[100];
	struct {
		int key;
		unsigned short uid, gid, cuid, cgid, mode, seq;
		int first, last, stime, rtime, ctime, lcbytes, lqbytes;
		unsigned short cbytes, qnum, qbytes, lspid, lrpid;
	} o;
	char line[300];
	FILE *f;
	long kludge[2] = { (long)&in, 2 };

	out.type = 2;
	strcpy(out.text, "text");
	SAY(syscall(SYS_msgsnd, id, &out, 4, 0));
	SAY(syscall(SYS_ipc, 11, id, 4, 0, &out));
	f = fopen("/proc/sysvipc/msg", "r");
	fgets(line, sizeof(line), f);
	say("%s", line);
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, "%d %d %o %d %d", &key, &msqid, &mode, &bytes, &n) == 5 && msqid == id) {
			found = 1;
			say("key %d mode %o bytes %d n %d", key == KEY, mode, bytes, n);
		}
	fclose(f);
	say("%d", found);
	say("highest %d", msgctl(0, MSG_INFO, (void *)&all) >= 0);
	say("queues %d messages %d bytes %d", all.msgpool >= 1, all.msgmap >= 2, all.msgtql >= 8);
	say("max %d mnb %d", all.msgmax, all.msgmnb);
	say("by its place %d", msgctl(id & 0x7fff, MSG_STAT, (void *)raw) == id);
	say("for anybody %ld", syscall(SYS_msgctl, id & 0x7fff, MSG_STAT_ANY, raw) - id);
	SAY(syscall(SYS_ipc, 14, id, STAT, 0, &o));
	say("%d %d %d %o", o.qnum, o.cbytes, o.qbytes, o.mode);
	SAY(syscall(SYS_ipc, 12, id, 100, 0, kludge));
	SAY(syscall(SYS_ipc, 12 | 1 << 16, id, 100, 0, &in, 2));
	SAY(syscall(SYS_ipc, 12, id, 100, 0, 0));
	SAY(syscall(SYS_msgrcv, id, &in, 100, 0, IPC_NOWAIT));
	remove_all();
}
