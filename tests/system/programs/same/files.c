/* Files: positions, sizes, flags, sharing, errors. */
#include "say.h"

static void show(const char *path)
{
	char text[200];
	int fd = open(path, O_RDONLY);
	ssize_t n = read(fd, text, sizeof(text) - 1);

	if (n < 0) {
		say("%s: %s", path, strerror(errno));
	} else {
		text[n] = 0;
		say("%s holds %zd: %s", path, n, text);
	}
	close(fd);
}

static void positions(void)
{
	int fd = open("f", O_RDWR | O_CREAT | O_EXCL, 0644), other;

	SAY(write(fd, "0123456789", 10));
	SAY(lseek(fd, 3, SEEK_SET));
	SAY(lseek(fd, -2, SEEK_CUR));
	SAY(lseek(fd, -1, SEEK_END));
	SAY(lseek(fd, -20, SEEK_END));
	SAY(lseek(fd, 0, 9));
	SAY(lseek(fd, 0, SEEK_CUR));
	SAY(pwrite(fd, "AB", 2, 4));
	SAY(lseek(fd, 0, SEEK_CUR));
	other = dup(fd);
	SAY(lseek(other, 2, SEEK_SET));
	SAY(lseek(fd, 0, SEEK_CUR));
	close(other);
	other = open("f", O_RDWR);
	SAY(lseek(other, 0, SEEK_CUR));
	close(other);
	SAY(lseek(fd, 20, SEEK_SET));
	SAY(write(fd, "z", 1));
	SAY(ftruncate(fd, 5));
	SAY(lseek(fd, 0, SEEK_CUR));
	SAY(read(fd, (char[4]){ 0 }, 4));
	SAY(ftruncate(fd, -1));
	SAY(close(fd));
	SAY(close(fd));
	show("f");
}

static void flags(void)
{
	char c;
	int fd = open("f", O_WRONLY | O_APPEND);

	SAY(lseek(fd, 0, SEEK_SET));
	SAY(write(fd, "end", 3));
	SAY(lseek(fd, 0, SEEK_CUR));
	SAY(read(fd, &c, 1));
	SAY(fcntl(fd, F_GETFL) & (O_ACCMODE | O_APPEND));
	SAY(fcntl(fd, F_SETFL, 0));
	SAY(lseek(fd, 0, SEEK_SET));
	SAY(write(fd, "E", 1));
	SAY(fcntl(fd, F_GETFD));
	SAY(fcntl(fd, F_SETFD, FD_CLOEXEC));
	SAY(fcntl(fd, F_GETFD));
	SAY(fcntl(fd, F_DUPFD, 100));
	SAY(fcntl(100, F_GETFD));
	SAY(dup2(fd, 55));
	SAY(fcntl(55, F_GETFD));
	SAY(dup3(fd, fd, 0));
	SAY(dup2(fd, fd) == fd);
	SAY(dup2(999, 3));
	SAY(dup2(fd, -1));
	SAY(close(100));
	SAY(close(55));
	close(fd);
	show("f");
	SAY(open("f", O_RDWR | O_CREAT | O_EXCL, 0644));
	SAY(open("none", O_RDWR));
	SAY(open("f/x", O_RDWR));
	SAY(open(".", O_RDWR));
	SAY(open("f", O_RDONLY | O_DIRECTORY));
	SAY(open("", O_RDONLY));
	SAY(open("x/", O_RDWR | O_CREAT, 0644));
	fd = open("f", O_RDONLY);
	SAY(write(fd, "x", 1));
	SAY(ftruncate(fd, 0));
	close(fd);
	fd = open("f", O_RDWR | O_TRUNC);
	SAY(lseek(fd, 0, SEEK_END));
	close(fd);
}

static void vectors(void)
{
	char a[3] = "abc", b[4] = "defg", x[4], y[10];
	struct iovec out[3] = { { a, 3 }, { NULL, 0 }, { b, 4 } }, in[2] = { { x, 4 }, { y, 10 } };
	int fd = open("v", O_RDWR | O_CREAT, 0600);

	SAY(writev(fd, out, 3));
	SAY(lseek(fd, 0, SEEK_SET));
	SAY(readv(fd, in, 2));
	say("%.4s %.3s", x, y);
	SAY(readv(fd, in, 2));
	SAY(writev(fd, out, 0));
	SAY(writev(fd, out, -1));
	SAY(writev(fd, out, 1025));
	SAY(preadv(fd, in, 2, 2));
	say("%.4s %.1s", x, y);
	close(fd);
}

static void attributes(void)
{
	struct stat st;
	struct timespec times[2] = { { 1000000000, 0 }, { 1100000000, 0 } };

	umask(022);
	close(open("m", O_WRONLY | O_CREAT, 0777));
	SAY(stat("m", &st));
	say("mode %o, links %lu, size %ld", st.st_mode, (unsigned long)st.st_nlink, (long)st.st_size);
	SAY(chmod("m", 06711));
	stat("m", &st);
	say("mode %o", st.st_mode);
	SAY(link("m", "n"));
	SAY(link("m", "n"));
	SAY(link(".", "d"));
	stat("m", &st);
	say("links %lu", (unsigned long)st.st_nlink);
	SAY(utimensat(AT_FDCWD, "m", times, 0));
	stat("m", &st);
	say("atime %lld mtime %lld", (long long)st.st_atime, (long long)st.st_mtime);
	SAY(symlink("m", "s"));
	SAY(lstat("s", &st));
	say("link: kind %o, size %ld", st.st_mode & S_IFMT, (long)st.st_size);
	SAY(readlink("s", (char[4]){ 0 }, 4));
	SAY(readlink("m", (char[4]){ 0 }, 4));
	SAY(access("m", R_OK | W_OK));
	SAY(access("none", F_OK));
	SAY(open("s", O_RDONLY | O_NOFOLLOW));
	SAY(unlink("n"));
	SAY(unlink("n"));
	SAY(truncate("m", 100));
	stat("m", &st);
	say("size %ld", (long)st.st_size);
}

static void unlinked(void)
{
	char text[5] = "";
	int fd = open("u", O_RDWR | O_CREAT, 0600);
	struct stat st;

	SAY(write(fd, "kept", 4));
	SAY(unlink("u"));
	SAY(fstat(fd, &st));
	say("links %lu", (unsigned long)st.st_nlink);
	SAY(pread(fd, text, 4, 0));
	say("%s", text);
	SAY(close(fd));
	SAY(open("u", O_RDONLY));
}

int main(void)
{
	positions();
	flags();
	vectors();
	attributes();
	unlinked();
	return 0;
}
