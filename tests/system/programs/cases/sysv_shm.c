/* System V shared memory: keys, identifiers, permissions, attaching, the life of a segment. */
#include "cases.h"
#include <sys/ipc.h>
#include <sys/shm.h>

#define PAGE 4096
#define KEY (key_ ? key_ : (key_ = 0x51000000 + getpid() * 16)) /* of this run alone, and of a case's children, too */
#define SHM_STAT_ANY 15
#define SHM_REMAP_ 040000
#define STAT 2 /* the kernel's number: musl's IPC_STAT has a bit more */

/* The ds of the call of its own (musl's goes through ipc(2)). */
struct raw_ds {
	int key;
	unsigned uid, gid, cuid, cgid;
	unsigned short mode, pad1, seq, pad2;
	unsigned unused[2], segsz, atime, atime_high, dtime, dtime_high, ctime, ctime_high;
	int cpid, lpid;
	unsigned nattch, unused2[2];
};

static key_t key_;
static int made[64], nr_made;

/* Segments outlive their makers: the last one out removes them. */
static void remove_all(void)
{
	for (int i = 0; i < nr_made; i++)
		shmctl(made[i], IPC_RMID, NULL);
}

static int get(key_t key, size_t size, int flags)
{
	int id = shmget(key, size, flags);

	if (id >= 0 && nr_made < 64)
		made[nr_made++] = id;
	return id;
}

static void show(int id)
{
	struct shmid_ds d;

	if (shmctl(id, IPC_STAT, &d))
		say("IPC_STAT: %s", strerror(errno));
	else
		say("size %zu, mode %o, nattch %d, key %s, cpid %s, lpid %s, atime %s, dtime %s, ctime %s, owner %d:%d, maker %d:%d", d.shm_segsz,
		    d.shm_perm.mode, (int)d.shm_nattch, d.shm_perm.__ipc_perm_key == IPC_PRIVATE ? "private" : "one", d.shm_cpid == getpid() ? "me" : "another",
		    d.shm_lpid == 0 ? "none" : d.shm_lpid == getpid() ? "me" : "another", d.shm_atime ? "set" : "0", d.shm_dtime ? "set" : "0",
		    d.shm_ctime ? "set" : "0", (int)d.shm_perm.uid, (int)d.shm_perm.gid, (int)d.shm_perm.cuid, (int)d.shm_perm.cgid);
}

static int attached(int id)
{
	struct shmid_ds d;

	return shmctl(id, IPC_STAT, &d) ? -errno : (int)d.shm_nattch;
}

CASE(shm_get, "shmget: keys, sizes, IPC_CREAT and IPC_EXCL")
{
	int a, b;

	SAY(shmget(KEY, PAGE, 0600));
	say("made %d", (a = get(KEY, PAGE + 1, IPC_CREAT | IPC_EXCL | 0640)) >= 0);
	show(a);
	say("the same %d", shmget(KEY, 100, 0) == a);
	say("the same %d", shmget(KEY, 0, 0) == a);
	say("the same %d", shmget(KEY, PAGE + 1, IPC_CREAT | 0400) == a);
	SAY(shmget(KEY, PAGE + 2, 0));
	SAY(shmget(KEY, PAGE, IPC_CREAT | IPC_EXCL | 0600));
	SAY(shmget(KEY + 1, 0, IPC_CREAT | 0600));
	SAY(shmget(IPC_PRIVATE, 0, 0600));
	b = get(IPC_PRIVATE, 1, 0777 | 03000);
	say("private %d, another %d", b >= 0, get(IPC_PRIVATE, 1, 0600) != b);
	show(b);
	SAY(shmctl(a, IPC_RMID, NULL));
	SAY(shmctl(a, IPC_RMID, NULL));
	SAY(shmget(KEY, PAGE, 0600));
	SAY(shmctl(a, IPC_STAT, &(struct shmid_ds){ 0 }));
	SAY(shmctl(-1, IPC_STAT, &(struct shmid_ds){ 0 }));
	SAY(shmctl(b, 99, NULL));
	SAY(shmctl(b, -1, NULL));
	remove_all();
}

CASE(shm_attach, "shmat: addresses, SHM_RND, SHM_RDONLY, SHM_REMAP, SHM_EXEC")
{
	int id = get(IPC_PRIVATE, 3 * PAGE - 5, 0600);
	char *p = shmat(id, NULL, 0), *q, *room = mmap(NULL, 16 * PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	say("aligned %d, zeros %d", ((uintptr_t)p & (PAGE - 1)) == 0, p[0] | p[3 * PAGE - 1]);
	strcpy(p + PAGE, "there");
	q = shmat(id, NULL, SHM_RDONLY);
	say("%s, nattch %d", q + PAGE, attached(id));
	SAY(mprotect(q, PAGE, PROT_READ | PROT_WRITE));
	SAY(mprotect(p, PAGE, PROT_READ));
	say("split: nattch %d", attached(id));
	SAY_OK(shmat(id, room, 0));
	SAY_OK(shmat(id, room + 5, 0));
	SAY_OK(shmat(id, room + 5, SHM_RND));
	SAY_OK(shmat(id, NULL, SHM_REMAP_));
	SAY_OK(shmat(id, (void *)5, SHM_RND | SHM_REMAP_));
	say("over others %d", shmat(id, room + 2 * PAGE + 7, SHM_RND | SHM_REMAP_) == room + 2 * PAGE);
	say("%s", room + 3 * PAGE);
	munmap(room + 8 * PAGE, 8 * PAGE);
	say("fixed %d", shmat(id, room + 10 * PAGE, SHM_RND) == room + 10 * PAGE);
	say("exec %d", shmat(id, NULL, SHM_EXEC) != (void *)-1);
	SAY_OK(shmat(-1, NULL, 0));
	SAY_OK(shmat(id + (1 << 15), NULL, 0));
	IN_CHILD {
		q[PAGE] = 'x';
	}
	remove_all();
	show(id);
}

CASE(shm_detach, "shmdt: whole, in pieces, what is no segment, what was unmapped by hand")
{
	int id = get(IPC_PRIVATE, 4 * PAGE, 0600);
	char *p = shmat(id, NULL, 0), *q;

	SAY(shmdt(p + 1));
	SAY(shmdt(p + PAGE));
	SAY(shmdt(p));
	SAY(shmdt(p));
	show(id);
	p = shmat(id, NULL, 0);
	munmap(p + PAGE, PAGE);
	say("in two %d", attached(id));
	SAY(shmdt(p));
	say("nattch %d", attached(id));
	p = shmat(id, NULL, 0);
	munmap(p, PAGE);
	SAY(shmdt(p + PAGE));
	SAY(shmdt(p));
	say("nattch %d", attached(id));
	p = shmat(id, NULL, 0);
	q = mremap(p + 2 * PAGE, 2 * PAGE, 2 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED,
		   (char *)mmap(NULL, 2 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	say("moved %d, nattch %d", q != MAP_FAILED, attached(id));
	SAY(shmdt(q));
	SAY(shmdt(p));
	say("nattch %d", attached(id));
	SAY(shmdt(mmap(NULL, PAGE, PROT_READ, MAP_SHARED | MAP_ANONYMOUS, -1, 0)));
	remove_all();
}

CASE(shm_fork_exec, "segments over fork, exit and exec; contents are shared")
{
	int id = get(IPC_PRIVATE, 2 * PAGE, 0600), status;
	char *p = shmat(id, NULL, 0);
	pid_t pid;

	IN_CHILD {
		say("in the child nattch %d", attached(id));
		strcpy(p, "from the child");
		shmdt(p);
		say("detached %d", attached(id));
	}
	say("%s, nattch %d", p, attached(id));
	IN_CHILD {
		say("in the child nattch %d", attached(id));
	}
	say("after its exit %d", attached(id));
	pid = fork();
	if (!pid) {
		execl("/bin/true", "true", NULL);
		execl("/bin/busybox", "true", NULL);
		_exit(9);
	}
	waitpid(pid, &status, 0);
	say("exec %d, nattch %d", status, attached(id));
	pid = fork();
	if (!pid)
		pause();
	say("two %d", attached(id));
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	say("killed %d", attached(id));
	show(id);
	remove_all();
}

CASE(shm_removed_in_use, "IPC_RMID: the segment stays while it is attached, its key goes at once")
{
	int id = get(KEY, PAGE, IPC_CREAT | 0600), other;
	char *p = shmat(id, NULL, 0), *q;

	strcpy(p, "still here");
	SAY(shmctl(id, IPC_RMID, NULL));
	show(id);
	SAY(shmget(KEY, PAGE, 0));
	other = get(KEY, PAGE, IPC_CREAT | 0600);
	say("another under the key %d", other >= 0 && other != id);
	q = shmat(id, NULL, 0);
	say("%s", q == (char *)-1 ? strerror(errno) : q);
	SAY(shmctl(id, IPC_RMID, NULL));
	shmdt(p);
	say("nattch %d", attached(id));
	IN_CHILD {
		shmdt(q);
		say("the parent's %d", attached(id));
	}
	shmdt(q);
	say("%s", strerror(-attached(id)));
	SAY_OK(shmat(id, NULL, 0));
	remove_all();
}

CASE(shm_set_and_lock, "IPC_SET changes owner and mode, SHM_LOCK marks")
{
	int id = get(IPC_PRIVATE, PAGE, 0644);
	struct shmid_ds d;

	shmctl(id, IPC_STAT, &d);
	d.shm_perm.mode = 07123;
	SAY(shmctl(id, IPC_SET, &d));
	show(id);
	d.shm_perm.mode = 0600;
	SAY(shmctl(id, IPC_SET, &d));
	SAY(shmctl(id, SHM_LOCK, NULL));
	show(id);
	SAY(shmctl(id, SHM_LOCK, NULL));
	SAY(shmctl(id, SHM_UNLOCK, NULL));
	show(id);
	remove_all();
}

CASE_ROOT(shm_permissions, "who may attach, look, change, remove")
{
	int id = get(KEY, PAGE, IPC_CREAT | 0640), open = get(KEY + 1, PAGE, IPC_CREAT | 0604), group = get(KEY + 2, PAGE, IPC_CREAT | 0020);
	struct shmid_ds d;

	shmctl(group, IPC_STAT, &d);
	d.shm_perm.gid = 1000;
	SAY(shmctl(group, IPC_SET, &d));
	d.shm_perm.uid = -1;
	SAY(shmctl(group, IPC_SET, &d));
	IN_CHILD {
		become(1000);
		SAY(shmget(KEY, PAGE, 0400));
		SAY(shmget(KEY, PAGE, 0) >= 0);
		SAY_OK(shmat(id, NULL, SHM_RDONLY));
		SAY(shmctl(id, IPC_STAT, &d));
		SAY_OK(shmat(open, NULL, 0));
		say("read %d", shmat(open, NULL, SHM_RDONLY) != (void *)-1);
		SAY_OK(shmat(open, NULL, SHM_RDONLY | SHM_EXEC));
		SAY(shmctl(open, IPC_STAT, &d));
		SAY(shmctl(open, IPC_SET, &d));
		SAY(shmctl(open, IPC_RMID, NULL));
		SAY(shmctl(open, SHM_LOCK, NULL));
		SAY_OK(shmat(group, NULL, 0));
		SAY(shmget(KEY + 2, PAGE, 0020) >= 0);
		SAY(shmget(KEY + 2, PAGE, 0060));
		SAY(syscall(SYS_shmctl, id, SHM_STAT_ANY, 1));
	}
	shmctl(open, IPC_STAT, &d);
	d.shm_perm.uid = 1000;
	d.shm_perm.mode = 0200;
	SAY(shmctl(open, IPC_SET, &d));
	IN_CHILD {
		struct rlimit none = { 0, 0 }, little = { PAGE, PAGE };

		become(1000);
		setrlimit(RLIMIT_MEMLOCK, &little);
		SAY(shmctl(open, SHM_LOCK, NULL));
		SAY(shmctl(open, SHM_UNLOCK, NULL));
		setrlimit(RLIMIT_MEMLOCK, &none);
		SAY(shmctl(open, SHM_LOCK, NULL));
		SAY(shmctl(open, IPC_STAT, &d));
		SAY(shmctl(open, IPC_RMID, NULL));
	}
	show(open);
	remove_all();
}

CASE(shm_calls_of_their_own, "numbers 395 to 398 beside ipc(2); its old structure; calls that it does not know")
{
	struct raw_ds d;
	struct { int key; unsigned short uid, gid, cuid, cgid, mode, seq; int segsz, atime, dtime, ctime; unsigned short cpid, lpid, nattch, unused; int more[2]; } o;
	long id = syscall(SYS_shmget, IPC_PRIVATE, 5000, 0600), where = 0;
	char *p = (char *)syscall(SYS_shmat, id, 0, 0);

	strcpy(p, "by its number");
	memset(&d, 0x55, sizeof(d));
	memset(&o, 0x55, sizeof(o));
	SAY(syscall(SYS_shmctl, id, STAT, &d));
	say("%u %o %u cpid %d lpid %d high %u %u %u", d.segsz, d.mode, d.nattch, d.cpid == getpid(), d.lpid == getpid(), d.atime_high, d.dtime_high, d.ctime_high);
	SAY(syscall(SYS_shmctl, id, STAT | 0x100, &d));
	SAY(syscall(SYS_ipc, 24, id, STAT, 0, &o));
	say("%d %o %u cpid %d times %d %d", o.segsz, o.mode, o.nattch, o.cpid == (getpid() & 0xffff), o.atime == (int)d.atime, o.ctime == (int)d.ctime);
	o.mode = 0640;
	SAY(syscall(SYS_ipc, 24, id, IPC_SET, 0, &o));
	SAY(syscall(SYS_ipc, 21, id, SHM_RDONLY, &where, 0));
	say("%s", (char *)where);
	SAY(syscall(SYS_ipc, 21 | 1 << 16, id, 0, &where, 0));
	SAY(syscall(SYS_ipc, 22, 0, 0, 0, where));
	SAY(syscall(SYS_shmdt, p));
	SAY(syscall(SYS_ipc, 23, KEY, 100, 0600, 0));
	SAY(syscall(SYS_ipc, 99, 0, 0, 0, 0));
	show((int)id);
	SAY(syscall(SYS_ipc, 24, id, IPC_RMID, 0, 0));
}

CASE(shm_beyond_the_end, "pages of a segment, its end, and the mapping's")
{
	int id = get(IPC_PRIVATE, PAGE + 10, 0600);
	char *p = shmat(id, NULL, 0), *q;

	p[2 * PAGE - 1] = 'e';
	catch_signal(SIGBUS, 0);
	catch_signal(SIGSEGV, 0);
	IN_CHILD {
		p[2 * PAGE] = 'x';
	}
	q = mremap(p, 2 * PAGE, 4 * PAGE, MREMAP_MAYMOVE);
	say("longer %d, %c", q != MAP_FAILED, q[2 * PAGE - 1]);
	IN_CHILD {
		q[2 * PAGE] = 'x';
	}
	SAY(shmdt(q));
	say("nattch %d", attached(id));
	remove_all();
}

CASE(shm_in_maps, "/proc/PID/maps shows a segment by key and identifier")
{
	int id = get(KEY, PAGE, IPC_CREAT | 0600), found = 0;
	char *p = shmat(id, NULL, 0), line[300], name[40];
	unsigned long start, ino;
	FILE *f = fopen("/proc/self/maps", "r");

	while (fgets(line, sizeof(line), f))
		if (sscanf(line, "%lx-%*x %*s %*s %*s %lu", &start, &ino) == 2 && start == (unsigned long)p) {
			found = 1;
			snprintf(name, sizeof(name), "/SYSV%08x (deleted)\n", KEY);
			say("inode is the id %d, %.4s, its name %d", ino == (unsigned long)id, strchr(line, ' ') + 1, strchr(line, '/') && !strcmp(strchr(line, '/'), name));
		}
	fclose(f);
	say("%d", found);
	remove_all();
}

CASE(shm_in_proc, "/proc/sysvipc/shm, SHM_STAT, SHM_INFO, limits")
{
	int id = get(KEY, 3 * PAGE, IPC_CREAT | 0612), found = 0, highest;
	char *p = shmat(id, NULL, 0), line[300];
	struct shm_info all;
	struct shminfo limits;
	struct raw_ds d;
	FILE *f = fopen("/proc/sysvipc/shm", "r");
	int key, shmid, mode, nattch, uid, cpid, lpid;
	unsigned long size, rss;

	p[0] = p[PAGE] = 1;
	fgets(line, sizeof(line), f);
	say("%.30s", line);
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, "%d %d %o %lu %d %d %d %d %*d %*d %*d %*d %*d %*d %lu", &key, &shmid, &mode, &size, &cpid, &lpid, &nattch, &uid, &rss) == 9 && shmid == id) {
			found = 1;
			say("key %d mode %o size %lu cpid %d lpid %d nattch %d rss %lu", key == KEY, mode, size, cpid == getpid(), lpid == getpid(), nattch, rss);
		}
	fclose(f);
	say("%d", found);
	highest = shmctl(0, SHM_INFO, (void *)&all);
	say("highest %d, ids %d, pages %d", highest >= 0, all.used_ids >= 1, all.shm_tot >= 3);
	say("by its place %d", shmctl(id & 0x7fff, SHM_STAT, (void *)&d) == id);
	say("for anybody %ld", syscall(SYS_shmctl, id & 0x7fff, SHM_STAT_ANY, &d) - id);
	SAY(shmctl(20000, SHM_STAT, (void *)&d));
	say("%d", shmctl(0, IPC_INFO, (void *)&limits) >= 0);
	say("min %lu mni %lu seg %lu", limits.shmmin, limits.shmmni, limits.shmseg);
	show_file("/proc/sys/kernel/shmmni");
	remove_all();
}
