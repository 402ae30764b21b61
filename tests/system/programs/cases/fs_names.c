/* rename, link, unlink, rmdir, mkdir, symlink: which error comes when. */
#include "cases.h"

#define NOREPLACE 1
#define EXCHANGE 2
#define WHITEOUT 4

static long rename2(const char *a, const char *b, unsigned int flags)
{
	return syscall(SYS_renameat2, AT_FDCWD, a, AT_FDCWD, b, flags);
}

static void tree(void)
{
	put("f", "file");
	put("g", "other");
	mkdir("empty", 0755);
	mkdir("full", 0755);
	put("full/x", "x");
	mkdir("full/sub", 0755);
	symlink("f", "lf");
	symlink("full", "ld");
	symlink("none", "dangling");
}

CASE(rename_kinds, "every kind onto every kind")
{
	static const char *const from[] = { "f", "empty", "full", "lf", "ld", "dangling", "none" };
	static const char *const to[] = { "f", "g", "empty", "full", "lf", "ld", "dangling", "none", "new" };
	int here = open(".", O_RDONLY);

	for (int i = 0; i < 7; i++) {
		for (int j = 0; j < 9; j++) {
			char folder[20];

			snprintf(folder, sizeof(folder), "t%d-%d", i, j);
			mkdir(folder, 0755);
			chdir(folder);
			tree();
			say("%s to %s: %s", from[i], to[j], rename(from[i], to[j]) ? strerror(errno) : "ok");
			fchdir(here);
		}
	}
}

CASE(rename_slashes, "slashes and dots in renames")
{
	tree();
	SAY(rename("f/", "new"));
	SAY(rename("f", "new/"));
	SAY(rename("f", "g/"));
	SAY(rename("empty/", "new"));
	SAY(rename("new", "empty/"));
	SAY(rename("empty/.", "new"));
	SAY(rename("empty", "full/."));
	SAY(rename("empty", "full/.."));
	SAY(rename("full/..", "new"));
	SAY(rename("ld/", "new"));
	SAY(rename("lf/", "new"));
	SAY(rename("empty", "ld/"));
	SAY(rename("", "new"));
	SAY(rename("f", ""));
	SAY(rename("f/x", "new"));
	SAY(rename("f", "g/x"));
	SAY(rename("f", "dangling/x"));
	SAY(rename("full", "full/sub/deeper"));
	SAY(rename("full", "ld/sub"));
	SAY(rename("full/sub", "full"));
	SAY(rename("full/x", "full"));
}

CASE(rename_same_file, "two names of one file: nothing happens, both stay")
{
	tree();
	link("f", "h");
	SAY(rename("f", "h"));
	SAY(access("f", F_OK));
	SAY(access("h", F_OK));
	SAY(rename("f", "f"));
	SAY(rename("f", "./f"));
	SAY(rename2("f", "h", NOREPLACE));
	SAY(rename2("f", "f", NOREPLACE));
	SAY(rename("empty", "./empty"));
	SAY(rename("lf", "f"));
	show_stat("f");
	show_stat("h");
}

CASE(rename_flags, "renameat2: NOREPLACE and wrong flags")
{
	tree();
	SAY(rename2("f", "g", NOREPLACE));
	SAY(rename2("f", "dangling", NOREPLACE));
	SAY(rename2("f", "new", NOREPLACE));
	SAY(rename2("none", "g", NOREPLACE));
	SAY(rename2("new", "f", NOREPLACE));
	SAY(rename2("empty", "full", NOREPLACE));
	SAY(rename2("f", ".", NOREPLACE));
	SAY(rename2("f", "new", 8));
	SAY(rename2("f", "new", NOREPLACE | EXCHANGE));
	SAY(rename2("f", "new", WHITEOUT | EXCHANGE));
	show_file("f");
	show_file("g");
}

CASE(rename_exchange, "RENAME_EXCHANGE: two names change places")
{
	tree();
	SAY(rename2("f", "g", EXCHANGE));
	if (errno)
		return;
	show_file("f");
	show_file("g");
	SAY(rename2("f", "none", EXCHANGE));
	SAY(rename2("none", "f", EXCHANGE));
	SAY(rename2("f", "full", EXCHANGE));
	show_file("full");
	show_file("f/x");
	SAY(rename2("f", "f/sub", EXCHANGE));
	SAY(rename2("f/sub", "f", EXCHANGE));
	SAY(rename2("f/sub", "full", EXCHANGE));
	show_file("f/sub");
	SAY(rename2("lf", "empty", EXCHANGE));
	SAY(rename2("g", "g", EXCHANGE));
	SAY(rmdir("lf"));
}

CASE(rename_times, "what a rename changes in times and links")
{
	struct timespec old[2] = { { 1000, 0 }, { 1000, 0 } };
	struct stat st;

	tree();
	utimensat(AT_FDCWD, "f", old, 0);
	utimensat(AT_FDCWD, "full", old, 0);
	utimensat(AT_FDCWD, "empty", old, 0);
	SAY(rename("f", "full/f"));
	stat("full/f", &st);
	say("mtime kept %d", st.st_mtime == 1000);
	stat("full", &st);
	say("folder's mtime kept %d", st.st_mtime == 1000);
	SAY(rename("empty", "full/empty"));
	stat("full/empty", &st);
	say("moved folder's mtime kept %d", st.st_mtime == 1000);
	SAY(stat("full/empty/../x", &st));
}

CASE(rename_open, "files open under a name that is replaced or moved")
{
	char text[10] = "";
	int f, g;

	tree();
	f = open("f", O_RDWR);
	g = open("g", O_RDWR);
	SAY(rename("f", "g"));
	SAY(pread(f, text, 5, 0));
	say("%s", text);
	SAY(pread(g, text, 5, 0));
	say("%s", text);
	SAY(pwrite(g, "gone", 4, 0));
	show_file("g");
	SAY(write(f, "still", 5));
	show_file("g");
	SAY(fchdir(open("empty", O_RDONLY)));
	SAY(rename("../full/sub", "../empty"));
	SAY_OK(open("new", O_CREAT | O_RDWR, 0600));
	SAY(access(".", F_OK));
	SAY(rmdir("../empty"));
}

CASE(link_errors, "link and linkat")
{
	tree();
	SAY(link("f", "g"));
	SAY(link("f", "dangling"));
	SAY(link("empty", "new"));
	SAY(link("none", "new"));
	SAY(link("f", "none/new"));
	SAY(link("f", "g/new"));
	SAY(link("f", "new/"));
	SAY(link("f/", "new"));
	SAY(link("lf", "copy_of_link"));
	show_stat("copy_of_link");
	SAY(linkat(AT_FDCWD, "lf", AT_FDCWD, "copy_of_file", AT_SYMLINK_FOLLOW));
	show_stat("copy_of_file");
	SAY(linkat(AT_FDCWD, "dangling", AT_FDCWD, "x", AT_SYMLINK_FOLLOW));
	SAY(linkat(AT_FDCWD, "f", AT_FDCWD, "x", 0x8000));
	SAY(linkat(AT_FDCWD, "", AT_FDCWD, "x", 0));
	SAY(linkat(999, "f", AT_FDCWD, "x", 0));
	SAY(linkat(AT_FDCWD, "f", open("f", O_RDONLY), "x", 0));
	SAY(link("/proc/version", "x"));
	SAY(link("", "x"));
}

CASE(unlink_errors, "unlink, rmdir, unlinkat on all kinds")
{
	tree();
	SAY(unlink("empty"));
	SAY(unlink("empty/"));
	SAY(unlink("f/"));
	SAY(unlink("none/"));
	SAY(unlink("f/x"));
	SAY(unlink("."));
	SAY(unlink(".."));
	SAY(unlink("/"));
	SAY(unlink(""));
	SAY(unlink("ld/"));
	SAY(rmdir("f"));
	SAY(rmdir("f/"));
	SAY(rmdir("full"));
	SAY(rmdir("."));
	SAY(rmdir("empty/."));
	SAY(rmdir("empty/.."));
	SAY(rmdir("/"));
	SAY(rmdir("ld"));
	SAY(rmdir("ld/"));
	SAY(rmdir(""));
	SAY(rmdir("none"));
	SAY(unlinkat(AT_FDCWD, "empty", 1));
	SAY(unlinkat(AT_FDCWD, "empty", AT_REMOVEDIR));
	SAY(unlinkat(AT_FDCWD, "f", AT_REMOVEDIR));
	SAY(unlinkat(999, "f", 0));
	SAY(unlink("ld"));
	SAY(unlink("dangling"));
	SAY(access("full/x", F_OK));
}

CASE(mkdir_errors, "mkdir on what is there, with slashes, below files")
{
	tree();
	SAY(mkdir("f", 0755));
	SAY(mkdir("empty", 0755));
	SAY(mkdir("dangling", 0755));
	SAY(mkdir("lf", 0755));
	SAY(mkdir("f/x", 0755));
	SAY(mkdir("none/x", 0755));
	SAY(mkdir("new/", 0755));
	SAY(mkdir("new//", 0755));
	SAY(mkdir("new2/.", 0755));
	SAY(mkdir(".", 0755));
	SAY(mkdir("..", 0755));
	SAY(mkdir("/", 0755));
	SAY(mkdir("", 0755));
	SAY(mkdir("ld/made", 0755));
	SAY(access("full/made", F_OK));
	SAY(mkdirat(999, "x", 0755));
	SAY(mkdirat(open("f", O_RDONLY), "x", 0755));
	SAY(mkdir("dangling/", 0755));
}

CASE(symlink_errors, "symlink, readlink and their sizes")
{
	char text[20] = "..........";

	tree();
	SAY(symlink("x", "f"));
	SAY(symlink("", "new"));
	SAY(symlink("x", ""));
	SAY(symlink("x", "new/"));
	SAY(symlink("x", "dangling"));
	SAY(symlink("x", "none/new"));
	SAY(symlink("a/b/c/d/e/f/g/h/i/j/k/l/m/n/o/p/q/r/s/t/u/v/w/x/y/z/a/b/c/d/e/f/g/h/i/j/k", "longer"));
	show_stat("longer");
	SAY(readlink("longer", text, 5));
	say("%s", text);
	SAY(readlink("longer", text, 0));
	SAY(readlink("longer", text, -1));
	SAY(readlink("f", text, 5));
	SAY(readlink("empty", text, 5));
	SAY(readlink("none", text, 5));
	SAY(readlink("f/x", text, 5));
	SAY(readlink("lf/", text, 5));
	SAY(readlink("ld/", text, 5));
	SAY(readlink("", text, 5));
	SAY(readlink("lf", (char *)16, 5));
}

CASE(walk_errors, "which error the walk gives: missing, no folder, no right, too long")
{
	struct stat st;
	char deep[4200];

	tree();
	SAY(stat("none/x", &st));
	SAY(stat("f/x", &st));
	SAY(stat("f/.", &st));
	SAY(stat("f/..", &st));
	SAY(stat("f/", &st));
	SAY(lstat("lf/", &st));
	SAY(lstat("ld/", &st));
	SAY(stat("dangling/x", &st));
	SAY(stat("full/../none", &st));
	SAY(stat("none/../full", &st));
	SAY(stat("ld/../full", &st));
	SAY(stat("////", &st));
	SAY(stat("./././full///x", &st));
	SAY(stat("full/x/", &st));
	memset(deep, '/', sizeof(deep));
	deep[4095] = 0;
	SAY(stat(deep, &st));
	deep[4095] = '/';
	deep[4096] = 0;
	SAY(stat(deep, &st));
	SAY(chdir("f"));
	SAY(chdir("none"));
	SAY(chdir("dangling"));
	SAY(chdir("ld"));
	SAY(access("x", F_OK));
}

CASE(deleted_folder, "working in a folder that is gone")
{
	char text[PATH_MAX];
	int d;

	mkdir("d", 0755);
	chdir("d");
	d = open(".", O_RDONLY);
	SAY(rmdir("../d"));
	SAY(access(".", F_OK));
	SAY_OK(open(".", O_RDONLY));
	SAY_OK(open("new", O_CREAT | O_RDWR, 0600));
	SAY(mkdir("new", 0755));
	SAY(symlink("x", "new"));
	SAY(link("/proc/version", "new"));
	SAY(mkfifo("new", 0600));
	SAY(access("..", F_OK));
	say("getcwd: %s", getcwd(text, sizeof(text)) ? "ok" : strerror(errno));
	SAY(syscall(SYS_getdents64, d, text, sizeof(text)));
	SAY(rmdir("."));
	SAY(fchmod(d, 0700));
	SAY(readlink("/proc/self/cwd", text, sizeof(text)) > 0);
	say("%d", strstr(text, "/d (deleted)") != NULL);
	SAY(chdir(".."));
	SAY(rename("none", "x"));
}

CASE(unlink_open_many, "unlinked files live as long as they are open")
{
	int fds[20];
	char c;
	struct stat st;

	for (int i = 0; i < 20; i++) {
		fds[i] = open("same", O_RDWR | O_CREAT | O_EXCL, 0600);
		c = (char)('a' + i);
		write(fds[i], &c, 1);
		unlink("same");
	}
	for (int i = 0; i < 20; i += 7) {
		pread(fds[i], &c, 1, 0);
		fstat(fds[i], &st);
		say("%c %d", c, (int)st.st_nlink);
	}
	SAY(access("same", F_OK));
	SAY(linkat(fds[0], "", AT_FDCWD, "again", AT_EMPTY_PATH));
}

CASE(chroot_walk, "a root of one's own: dot-dot and absolute links end there")
{
	if (getuid())
		return;
	mkdir("root", 0755);
	put("root/f", "inside");
	put("outside", "outside");
	symlink("/f", "root/abs");
	symlink("../../../f", "root/up");
	SAY(chroot("none"));
	SAY(chroot("outside"));
	SAY(chroot("root"));
	SAY(access("outside", F_OK)); /* the current folder is still outside */
	SAY(chdir("/"));
	show_file("/f");
	show_file("abs");
	show_file("up");
	SAY(access("../outside", F_OK));
	become(1000);
	SAY(chroot("/"));
}

CASE(same_inode, "equal inode numbers mean the same file")
{
	struct stat a, b;

	tree();
	link("f", "h");
	stat("f", &a);
	stat("h", &b);
	say("%d", a.st_ino == b.st_ino && a.st_dev == b.st_dev);
	stat("g", &b);
	say("%d", a.st_ino == b.st_ino);
	stat("full", &a);
	stat("full/sub/..", &b);
	say("%d", a.st_ino == b.st_ino);
	stat("ld", &b);
	say("%d", a.st_ino == b.st_ino);
	stat("/", &a);
	stat("/..", &b);
	say("%d", a.st_ino == b.st_ino);
}
