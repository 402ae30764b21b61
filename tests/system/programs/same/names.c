/* Names: the rules of rename, symbolic links, slashes and dots at the end, what open and the makers of names say about each kind of thing. */
#include "say.h"

static void make_things(void)
{
	mkdir("d", 0755);
	mkdir("d/sub", 0755);
	mkdir("e", 0755);
	close(open("f", O_CREAT | O_WRONLY, 0644));
	close(open("d/in", O_CREAT | O_WRONLY, 0644));
	symlink("f", "to_f");
	symlink("d", "to_d");
	symlink("nothing", "to_nothing");
	symlink("loop", "loop");
	symlink("../names_up", "d/up");
	mkfifo("p", 0600);
}

static void slashes(void)
{
	struct stat st;
	SAY(stat("d/", &st));
	SAY(stat("f/", &st));
	SAY(stat("to_f/", &st));
	SAY(stat("to_d/", &st));
	SAY(lstat("to_d/", &st));
	say("%o", st.st_mode & S_IFMT);
	SAY(lstat("to_d", &st));
	say("%o", st.st_mode & S_IFMT);
	SAY(stat("d/.", &st));
	SAY(stat("f/.", &st));
	SAY(stat("f/..", &st));
	SAY(stat("d//sub///", &st));
	SAY(stat("d/sub/../in", &st));
	SAY(stat("none/..", &st));
	SAY(stat("to_nothing", &st));
	SAY(stat("to_nothing/", &st));
	SAY(stat("loop", &st));
	SAY(stat("loop/x", &st));
	SAY(stat("/../../..", &st));
	SAY(stat("", &st));
	SAY(mkdir("new/", 0755));
	SAY(mkdir("new/.", 0755));
	SAY(mkdir("f/", 0755));
	SAY(mkdir("to_nothing", 0755));
	SAY(mkdir("to_nothing/", 0755));
	SAY(mkdir("none/x", 0755));
	SAY(mkdir("/", 0755));
	SAY(mkdir("..", 0755));
	SAY(rmdir("new/"));
	SAY(rmdir("."));
	SAY(rmdir("d/.."));
	SAY(rmdir("d/sub/.."));
	SAY(rmdir("/"));
	SAY(rmdir("d"));
	SAY(rmdir("f"));
	SAY(rmdir("to_d"));
	SAY(rmdir("to_d/"));
	SAY(rmdir("none"));
	SAY(unlink("d"));
	SAY(unlink("d/"));
	SAY(unlink("f/"));
	SAY(unlink("none/"));
	SAY(unlink("to_f/"));
	SAY(unlink("."));
	SAY(unlink(""));
	SAY(mknod("n/", S_IFREG | 0644, 0));
	SAY(mknod("f/x", S_IFREG | 0644, 0));
	SAY(mknod("dirnode", S_IFDIR | 0644, 0));
	SAY(mknod("odd", 0170000, 0));
	SAY(symlink("", "empty"));
	SAY(symlink("x", "f"));
	SAY(symlink("x", "s/"));
	SAY(link("f", "l/"));
	SAY(link("d", "l"));
	SAY(link("none", "l"));
	SAY(link("f", "d"));
	SAY(link("to_f", "l"));
	SAY(lstat("l", &st));
	say("%o", st.st_mode & S_IFMT);
	SAY(unlink("l"));
	SAY(linkat(AT_FDCWD, "to_f", AT_FDCWD, "l", AT_SYMLINK_FOLLOW));
	SAY(lstat("l", &st));
	say("%o %d", st.st_mode & S_IFMT, (int)st.st_nlink);
	SAY(unlink("l"));
}

static void opening(void)
{
	char longname[300];
	memset(longname, 'a', 299);
	longname[299] = 0;
	SAY_OK(open(longname, O_RDONLY));
	SAY_OK(open(longname, O_CREAT | O_WRONLY, 0600));
	longname[255] = 0;
	SAY_OK(open(longname, O_CREAT | O_WRONLY, 0600));
	SAY(unlink(longname));
	SAY_OK(open("d", O_WRONLY));
	SAY_OK(open("d", O_RDONLY | O_CREAT, 0600));
	SAY_OK(open("d/", O_RDONLY | O_CREAT, 0600));
	SAY_OK(open("d", O_RDONLY | O_CREAT | O_EXCL, 0600));
	SAY_OK(open("d", O_RDONLY | O_TRUNC));
	SAY_OK(open("f/", O_RDONLY));
	SAY_OK(open("f/", O_RDONLY | O_CREAT, 0600));
	SAY_OK(open("to_f", O_RDONLY | O_CREAT, 0600));
	SAY_OK(open("to_f", O_RDONLY | O_CREAT | O_EXCL, 0600));
	SAY_OK(open("to_f", O_RDONLY | O_NOFOLLOW));
	SAY_OK(open("to_d", O_RDONLY | O_NOFOLLOW));
	SAY_OK(open("to_d", O_RDONLY | O_NOFOLLOW | O_DIRECTORY));
	SAY_OK(open("to_d/", O_RDONLY | O_NOFOLLOW));
	SAY_OK(open("to_nothing", O_RDONLY));
	SAY_OK(open("to_nothing", O_RDWR | O_CREAT | O_EXCL, 0600));
	SAY_OK(open("to_nothing", O_RDWR | O_CREAT | O_NOFOLLOW, 0600));
	SAY_OK(open("to_nothing", O_RDWR | O_CREAT, 0600));
	SAY(access("nothing", F_OK));
	SAY(unlink("nothing"));
	SAY_OK(open("loop", O_RDWR | O_CREAT, 0600));
	SAY_OK(open("loop", O_RDWR));
	SAY_OK(open(".", O_RDONLY | O_CREAT, 0600));
	SAY_OK(open("..", O_RDONLY | O_CREAT | O_EXCL, 0600));
	SAY_OK(open("/", O_RDONLY | O_CREAT, 0600));
	SAY_OK(open("f", O_RDONLY | O_DIRECTORY));
	SAY_OK(open("f", O_RDONLY | O_PATH));
	SAY_OK(open("to_f", O_PATH | O_NOFOLLOW));
	int fd = open("to_f", O_PATH | O_NOFOLLOW);
	struct stat st;
	char c;
	SAY(fstat(fd, &st));
	say("%o", st.st_mode & S_IFMT);
	SAY(read(fd, &c, 1));
	SAY(fchmod(fd, 0600));
	SAY(ioctl(fd, 0x5401, &c));
	SAY(lseek(fd, 0, SEEK_SET));
	SAY(fcntl(fd, F_GETFL) & (O_PATH | O_ACCMODE));
	SAY(readlinkat(fd, "", (char[8]){ 0 }, 8));
	SAY(close(fd));
	fd = open("d", O_PATH);
	SAY_OK(openat(fd, "in", O_RDONLY));
	SAY_OK(openat(fd, "../f", O_RDONLY));
	SAY(fchdir(fd));
	SAY(access("in", F_OK));
	SAY(chdir(".."));
	close(fd);
	fd = open("f", O_RDONLY);
	SAY_OK(openat(fd, "x", O_RDONLY));
	SAY_OK(openat(fd, "/", O_RDONLY));
	SAY_OK(openat(999, "x", O_RDONLY));
	SAY(fchdir(fd));
	close(fd);
	SAY_OK(open("d", O_RDWR | O_TMPFILE, 0600) < 0);
	SAY_OK(open((char *)1, O_RDONLY));
}

static void renaming(void)
{
	mkdir("a", 0755);
	mkdir("a/b", 0755);
	mkdir("empty", 0755);
	close(open("g", O_CREAT | O_WRONLY, 0644));
	SAY(rename("f", "f"));
	SAY(rename("none", "x"));
	SAY(rename("f", "none/x"));
	SAY(rename("f", "d"));
	SAY(rename("d", "f"));
	SAY(rename("a", "a/b"));
	SAY(rename("a", "a/b/c"));
	SAY(rename("a/b", "a"));
	SAY(rename("a", "d"));
	SAY(rename("a", "empty"));
	SAY(access("empty/b", F_OK));
	SAY(rename("empty", "a"));
	SAY(rename("f", "f2/"));
	SAY(rename("f/", "f2"));
	SAY(rename("a/", "a2"));
	SAY(rename("a2", "a/"));
	SAY(rename("a", "."));
	SAY(rename("a/.", "x"));
	SAY(rename("a", ".."));
	SAY(rename("to_f", "moved_link"));
	SAY(readlink("moved_link", (char[8]){ 0 }, 8));
	SAY(rename("moved_link", "to_f"));
	SAY(link("f", "same"));
	SAY(rename("f", "same"));
	SAY(access("f", F_OK));
	SAY(unlink("same"));
	SAY(rename("f", "a/b/f"));
	SAY(rename("a/b/f", "f"));
	SAY(rename("a/b", "bb"));
	struct stat st;
	stat("a", &st);
	say("links of a %d", (int)st.st_nlink);
	SAY(rename("bb", "a/b"));
	stat("a", &st);
	say("links of a %d", (int)st.st_nlink);
	SAY(syscall(SYS_renameat2, AT_FDCWD, "f", AT_FDCWD, "g", 1));
	SAY(syscall(SYS_renameat2, AT_FDCWD, "f", AT_FDCWD, "h", 1));
	SAY(syscall(SYS_renameat2, AT_FDCWD, "h", AT_FDCWD, "f", 0x80));
	SAY(rename("h", "f"));
	int fd = open("g", O_RDONLY);
	SAY(rename("f", "g"));
	fstat(fd, &st);
	say("replaced: links %d", (int)st.st_nlink);
	close(fd);
	SAY(rename("g", "f"));
}

static void gone_directory(void)
{
	char buf[200];
	mkdir("gone", 0755);
	int fd = open("gone", O_RDONLY | O_DIRECTORY);
	chdir("gone");
	SAY(rmdir("../gone"));
	SAY(getcwd(buf, sizeof(buf)) ? 0 : -1);
	SAY_OK(open("x", O_CREAT | O_WRONLY, 0600));
	SAY(mkdir("x", 0700));
	SAY(access(".", F_OK));
	SAY(access("..", F_OK));
	SAY(syscall(SYS_getdents64, fd, buf, sizeof(buf)));
	SAY(chdir(".."));
	close(fd);
}

int main(void)
{
	umask(022);
	make_things();
	slashes();
	opening();
	renaming();
	gone_directory();
	return 0;
}
