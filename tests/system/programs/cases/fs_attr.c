/* Modes, owners, times, and asking for them. */
#include "cases.h"
#include <sys/statfs.h>
#include <sys/statvfs.h>

static void times_of(const char *path)
{
	struct stat st;

	lstat(path, &st);
	say("%s: atime %lld.%09ld mtime %lld.%09ld", path, (long long)st.st_atim.tv_sec, st.st_atim.tv_nsec, (long long)st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
}

CASE(chmod_errors, "chmod and fchmodat: links, missing, flags")
{
	put("f", "x");
	symlink("f", "l");
	symlink("none", "dangling");
	SAY(chmod("l", 0600));
	show_stat("f");
	show_stat("l");
	SAY(chmod("dangling", 0600));
	SAY(chmod("none", 0600));
	SAY(chmod("f/x", 0600));
	SAY(chmod("", 0600));
	SAY(chmod("f", 0177777));
	show_stat("f");
	SAY(syscall(SYS_fchmodat, AT_FDCWD, "f", 0644));
	SAY(fchmod(999, 0600));
	SAY(fchmod(open("f", O_RDONLY), 0));
	show_stat("f");
	SAY(syscall(SYS_fchmodat, 999, "f", 0644));
}

CASE_ROOT(chown_clears, "chown takes set-id bits away, also from root; chmod of sgid without the group")
{
	put("f", "x");
	chmod("f", 06755);
	SAY(chown("f", 1000, 1000));
	show_stat("f");
	chmod("f", 02745);
	SAY(chown("f", -1, 1001));
	show_stat("f");
	chmod("f", 02705);
	SAY(chown("f", -1, 1002));
	show_stat("f");
	chmod("f", 06755);
	SAY(chown("f", -1, -1));
	show_stat("f");
	mkdir("d", 0755);
	chmod("d", 06755);
	SAY(chown("d", 1000, 1000));
	show_stat("d");
	symlink("f", "l");
	SAY(lchown("l", 7, 8));
	show_stat("l");
	SAY(chown("l", 9, 10));
	show_stat("f");
	SAY(fchownat(AT_FDCWD, "l", 11, 12, AT_SYMLINK_NOFOLLOW));
	show_stat("l");
	SAY(fchownat(AT_FDCWD, "l", 11, 12, 0x8000));
	SAY(fchownat(open("f", O_RDONLY), "", 13, 14, AT_EMPTY_PATH));
	show_stat("f");
	SAY(chown("none", 1, 1));
}

CASE_ROOT(write_clears, "an ordinary user's write and truncation take set-id bits away, root's do not")
{
	int fd;

	put("f", "x");
	put("g", "x");
	put("h", "x");
	put("i", "x");
	chown("f", 1000, 1000);
	chown("g", 1000, 1000);
	chown("h", 1000, 1000);
	chown("i", 1000, 1000);
	chmod("f", 06777);
	chmod("g", 06777);
	chmod("h", 02767);
	chmod("i", 06777);
	fd = open("f", O_WRONLY);
	SAY(write(fd, "r", 1));
	show_stat("f");
	IN_CHILD {
		become(1000);
		SAY(write(fd, "u", 0));
		show_stat("f");
		SAY(write(fd, "u", 1));
		show_stat("f");
		SAY(truncate("g", 0));
		show_stat("g");
		SAY(pwrite(open("h", O_WRONLY), "u", 1, 0));
		show_stat("h");
		SAY_OK(open("i", O_WRONLY | O_TRUNC));
		show_stat("i");
	}
}

CASE_ROOT(user_limits, "what an ordinary user may not change")
{
	put("theirs", "x");
	put("mine", "x");
	chown("mine", 1000, 1000);
	mkdir("sg", 0777);
	chown("sg", 0, 2000);
	chmod("sg", 02777);
	chmod(".", 0777);
	become(1000);
	SAY(chmod("theirs", 0777));
	SAY(chmod("mine", 06755));
	show_stat("mine");
	SAY(chown("mine", 1001, -1));
	SAY(chown("mine", 1000, 1000));
	show_stat("mine");
	SAY(chown("mine", -1, 1001));
	SAY(chown("theirs", -1, -1));
	SAY(chown("theirs", 0, 0));
	SAY_OK(open("sg/f", O_CREAT | O_RDWR, 02777));
	show_stat("sg/f");
	SAY(chmod("sg/f", 02777));
	show_stat("sg/f");
	SAY(mkdir("sg/d", 0755));
	show_stat("sg/d");
	SAY(utimensat(AT_FDCWD, "theirs", NULL, 0));
	SAY(utimensat(AT_FDCWD, "theirs", (struct timespec[]){ { 1, 0 }, { 1, 0 } }, 0));
	SAY(utimensat(AT_FDCWD, "mine", (struct timespec[]){ { 1, 0 }, { 1, 0 } }, 0));
	SAY(mknod("dev", S_IFCHR | 0600, 0x103));
	SAY(mkfifo("fifo", 0600));
}

CASE_ROOT(sticky, "sticky folders: who may remove and rename what")
{
	mkdir("t", 0777);
	chmod("t", 01777);
	put("t/root", "x");
	put("t/mine", "x");
	chown("t/mine", 1000, 1000);
	put("t/other", "x");
	chown("t/other", 1001, 1001);
	mkdir("t/d", 0777);
	mkdir("own", 0777);
	chown("own", 1000, 1000);
	chmod("own", 01777);
	put("own/root", "x");
	become(1000);
	SAY(unlink("t/root"));
	SAY(unlink("t/other"));
	SAY(rename("t/other", "t/x"));
	SAY(rename("t/mine", "t/other"));
	SAY(rename("t/mine", "t/x"));
	SAY(rmdir("t/d"));
	SAY(rename("t/d", "t/x"));
	SAY(unlink("t/x"));
	SAY(unlink("own/root"));
	SAY(link("t/root", "t/new") == 0 || errno == EPERM); /* by protected_hardlinks */
}

CASE_ROOT(groups, "rights come from the first class that fits; supplementary groups count")
{
	gid_t extra = 3000;

	put("group_none", "x");
	chown("group_none", 0, 3000);
	chmod("group_none", 0606);
	put("group_read", "x");
	chown("group_read", 0, 3000);
	chmod("group_read", 0040);
	put("own_none", "x");
	chown("own_none", 1000, 3000);
	chmod("own_none", 0077);
	put("fs", "x");
	chown("fs", 4000, 4000);
	chmod("fs", 0600);
	SAY(setgroups(1, &extra));
	SAY(setgid(1000));
	SAY(setuid(1000));
	SAY_OK(open("group_none", O_RDONLY));
	SAY_OK(open("group_read", O_RDONLY));
	SAY_OK(open("group_read", O_RDWR));
	SAY_OK(open("own_none", O_RDONLY));
	SAY(access("own_none", R_OK));
	SAY(access("group_read", R_OK));
	SAY(access("group_read", W_OK | R_OK));
	SAY_OK(open("fs", O_RDONLY));
}

CASE_ROOT(root_execute, "root may execute what somebody may; and search and read all")
{
	put("none", "#!/bin/sh\n");
	chmod("none", 0);
	mkdir("closed", 0);
	put("closed/f", "x");
	SAY(access("none", R_OK | W_OK));
	SAY(access("none", X_OK));
	chmod("none", 0001);
	SAY(access("none", X_OK));
	SAY(access("closed", X_OK));
	SAY(access("closed/f", R_OK));
	SAY_OK(open("none", O_RDWR));
	SAY(chdir("closed"));
}

CASE(access_flags, "access and faccessat2: modes and flags")
{
	put("f", "x");
	symlink("none", "dangling");
	SAY(access("f", 8));
	SAY(access("f", -1));
	SAY(access("f", F_OK));
	SAY(access("", F_OK));
	SAY(access("dangling", F_OK));
	SAY(syscall(SYS_faccessat2, AT_FDCWD, "dangling", F_OK, AT_SYMLINK_NOFOLLOW));
	SAY(syscall(SYS_faccessat2, AT_FDCWD, "f", R_OK, 0x8000));
	SAY(syscall(SYS_faccessat2, AT_FDCWD, "f", 8, 0));
	SAY(syscall(SYS_faccessat2, AT_FDCWD, "f", R_OK, AT_EACCESS));
	SAY(syscall(SYS_faccessat2, open("f", O_RDONLY), "", R_OK, AT_EMPTY_PATH));
	SAY(syscall(SYS_faccessat2, open("f", O_RDONLY), "", R_OK, 0));
	SAY(syscall(SYS_faccessat2, 999, "f", R_OK, 0));
}

CASE_ROOT(access_real, "access asks with the real user, AT_EACCESS with the effective one")
{
	put("f", "x");
	chmod("f", 0600);
	setresgid(1000, 0, 0);
	SAY(setresuid(1000, 0, 0));
	SAY(access("f", R_OK));
	SAY(syscall(SYS_faccessat2, AT_FDCWD, "f", R_OK, AT_EACCESS));
	SAY_OK(open("f", O_RDONLY));
	SAY(setresuid(0, 1000, 0));
	SAY(access("f", R_OK));
	SAY(syscall(SYS_faccessat2, AT_FDCWD, "f", R_OK, AT_EACCESS));
	SAY_OK(open("f", O_RDONLY));
}

CASE(utimes_now_omit, "utimensat: NOW, OMIT, bad nanoseconds, links, descriptors")
{
	struct timespec t[2] = { { 1000, 500 }, { 2000, 600 } };
	struct stat st;
	int fd;

	put("f", "x");
	symlink("f", "l");
	SAY(utimensat(AT_FDCWD, "f", t, 0));
	times_of("f");
	t[0] = (struct timespec){ 5, UTIME_OMIT };
	t[1] = (struct timespec){ 3000, 0 };
	SAY(utimensat(AT_FDCWD, "f", t, 0));
	times_of("f");
	t[1] = (struct timespec){ 0, UTIME_NOW };
	SAY(utimensat(AT_FDCWD, "f", t, 0));
	stat("f", &st);
	say("atime kept %d, mtime now %d", st.st_atime == 1000, st.st_mtime > 1000000000);
	t[0].tv_nsec = t[1].tv_nsec = UTIME_OMIT;
	SAY(utimensat(AT_FDCWD, "f", t, 0));
	SAY(utimensat(AT_FDCWD, "none", t, 0) == 0 || errno == ENOENT);
	t[0].tv_nsec = 1000000000;
	SAY(utimensat(AT_FDCWD, "f", t, 0));
	t[0].tv_nsec = -1;
	SAY(utimensat(AT_FDCWD, "f", t, 0));
	t[0] = (struct timespec){ 7, 8 };
	t[1] = (struct timespec){ 9, 10 };
	SAY(utimensat(AT_FDCWD, "l", t, AT_SYMLINK_NOFOLLOW));
	times_of("l");
	SAY(utimensat(AT_FDCWD, "f", t, 0x8000));
	SAY(utimensat(AT_FDCWD, "", t, 0));
	fd = open("f", O_RDONLY);
	SAY(futimens(fd, t));
	times_of("f");
	SAY(utimensat(fd, NULL, t, 0));
	SAY(syscall(SYS_utimensat, AT_FDCWD, NULL, NULL, 0));
	SAY(futimens(999, t));
	SAY(syscall(SYS_utimensat, AT_FDCWD, "f", (void *)16, 0));
}

CASE(times_moved, "which calls move which times")
{
	struct timespec t[2] = { { 1000, 0 }, { 1000, 0 } };
	struct stat st, after;
	int fd;
	char c;

#define WHICH(what, name) \
	do { \
		stat(name, &after); \
		say("%s: mtime moved %d", what, after.st_mtime != 1000); \
		utimensat(AT_FDCWD, name, t, 0); \
	} while (0)
	put("f", "text");
	mkdir("d", 0755);
	utimensat(AT_FDCWD, "f", t, 0);
	utimensat(AT_FDCWD, "d", t, 0);
	fd = open("f", O_RDWR);
	read(fd, &c, 1);
	WHICH("read", "f");
	write(fd, "x", 1);
	WHICH("write", "f");
	chmod("f", 0600);
	WHICH("chmod", "f");
	link("f", "g");
	WHICH("link", "f");
	put("d/new", "x");
	WHICH("create in it", "d");
	put("d/new", "y");
	WHICH("write in it", "d");
	chmod("d/new", 0600);
	WHICH("chmod in it", "d");
	rename("d/new", "d/newer");
	WHICH("rename in it", "d");
	unlink("d/newer");
	WHICH("unlink in it", "d");
	open("d/none", O_RDONLY);
	WHICH("lookup in it", "d");
	mkdir("d/d", 0755);
	WHICH("mkdir in it", "d");
	stat("f", &st);
	say("ctime now %d", st.st_ctime > 1000000000);
}

CASE(statx_masks, "statx: masks, flags, empty names")
{
	struct { uint32_t mask, blksize; uint64_t attributes; uint32_t nlink, uid, gid; uint16_t mode, pad; uint64_t ino, size, blocks, am;
		struct { int64_t s; uint32_t ns; int32_t pad; } times[4]; uint32_t rest[40]; } x;

	put("f", "12345");
	chmod("f", 0640);
	symlink("f", "l");
	memset(&x, 0, sizeof(x));
	SAY(syscall(SYS_statx, AT_FDCWD, "f", 0, 0x7ff, &x));
	say("mask has the basics %d, mode %o, size %d, links %d", (x.mask & 0x7ff) == 0x7ff, x.mode, (int)x.size, x.nlink);
	SAY(syscall(SYS_statx, AT_FDCWD, "l", AT_SYMLINK_NOFOLLOW, 0x7ff, &x));
	say("mode %o", x.mode & S_IFMT);
	SAY(syscall(SYS_statx, AT_FDCWD, "f", 0, 0, &x));
	SAY(syscall(SYS_statx, AT_FDCWD, "f", 0, 0x80000000, &x));
	SAY(syscall(SYS_statx, AT_FDCWD, "f", 0x8000000, 0x7ff, &x));
	SAY(syscall(SYS_statx, AT_FDCWD, "f", 0x6000, 0x7ff, &x));
	SAY(syscall(SYS_statx, AT_FDCWD, "f", 0x2000, 0x7ff, &x));
	SAY(syscall(SYS_statx, AT_FDCWD, "", 0, 0x7ff, &x));
	SAY(syscall(SYS_statx, open("f", O_RDONLY), "", AT_EMPTY_PATH, 0x7ff, &x));
	say("size %d", (int)x.size);
	SAY(syscall(SYS_statx, 999, "", AT_EMPTY_PATH, 0x7ff, &x));
	SAY(syscall(SYS_statx, AT_FDCWD, "none", 0, 0x7ff, &x));
	SAY(syscall(SYS_statx, AT_FDCWD, "f", 0, 0x7ff, (void *)16));
	SAY(syscall(SYS_statx, AT_FDCWD, "/dev/null", 0, 0x7ff, &x));
	say("mode %o, rdev %u:%u", x.mode, x.rest[0], x.rest[1]);
}

CASE(stat_of_things, "stat of a pipe, a socket, a device, a deleted file")
{
	struct stat st;
	int p[2], fd = open("f", O_CREAT | O_RDWR, 0604);

	write(fd, "12345", 5);
	unlink("f");
	fstat(fd, &st);
	say("mode %o, links %d, size %d", st.st_mode, (int)st.st_nlink, (int)st.st_size);
	pipe(p);
	fstat(p[0], &st);
	say("mode %o, links %d, size %d, blksize %d", st.st_mode, (int)st.st_nlink, (int)st.st_size, (int)st.st_blksize);
	write(p[1], "x", 1);
	fstat(p[0], &st);
	say("size %d", (int)st.st_size);
	stat("/dev/null", &st);
	say("kind %o, rdev %x, size %d", st.st_mode & S_IFMT, (unsigned int)st.st_rdev, (int)st.st_size);
	stat("/dev/zero", &st);
	say("rdev %x", (unsigned int)st.st_rdev);
	SAY(fstat(999, &st));
	SAY(stat("", &st));
	SAY(fstatat(fd, "", &st, AT_EMPTY_PATH));
	SAY(fstatat(fd, "x", &st, 0));
	SAY(stat("/proc/self/fd/0", &st));
}

CASE(blocks, "st_blocks of small files, st_blksize")
{
	struct stat st;
	static char data[100000];
	int fd = open("f", O_CREAT | O_RDWR, 0600);

	fstat(fd, &st);
	say("%d blocks", (int)st.st_blocks);
	write(fd, data, sizeof(data));
	fsync(fd);
	fstat(fd, &st);
	say("%d", st.st_blocks * 512 >= (long)sizeof(data) && st.st_blocks * 512 < (long)sizeof(data) + 16384);
	say("blksize %d", st.st_blksize >= 512);
}

CASE(statfs_fields, "statfs and statvfs: errors, names, sane numbers")
{
	struct statfs s;
	struct statvfs v;
	int p[2];

	SAY(statfs(".", &s));
	say("namelen %d, sane %d", (int)s.f_namelen, s.f_bsize >= 512 && s.f_blocks >= s.f_bfree && s.f_bfree >= s.f_bavail && s.f_files >= s.f_ffree);
	SAY(statvfs(".", &v));
	say("frsize %d, namemax %d", v.f_frsize >= 512, (int)v.f_namemax);
	SAY(statfs("none", &s));
	SAY(statfs("", &s));
	SAY(fstatfs(999, &s));
	pipe(p);
	SAY(fstatfs(p[0], &s));
	say("type %x", (unsigned int)s.f_type);
	SAY(statfs("/proc", &s));
	say("type %x", (unsigned int)s.f_type);
	SAY(statfs("/sys", &s));
	say("type %x", (unsigned int)s.f_type);
	SAY(syscall(268, ".", 10, &s));
	SAY(syscall(268, ".", 84, (void *)16));
	SAY(fstatfs(open(".", O_PATH), &s));
}
