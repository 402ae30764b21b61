/* inotify: which events each operation gives, in which order, to a watched file and to its watched folder; reading, limits, options. */
#include "say.h"
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>

#ifndef IN_MASK_CREATE
#define IN_MASK_CREATE 0x10000000
#endif

static int fd;
static const char *names[64]; /* by watch number */

static const char *bits(uint32_t mask)
{
	static const struct { uint32_t bit; const char *name; } all[] = {
		{ IN_ACCESS, "ACCESS" }, { IN_MODIFY, "MODIFY" }, { IN_ATTRIB, "ATTRIB" }, { IN_CLOSE_WRITE, "CLOSE_WRITE" }, { IN_CLOSE_NOWRITE, "CLOSE_NOWRITE" },
		{ IN_OPEN, "OPEN" }, { IN_MOVED_FROM, "MOVED_FROM" }, { IN_MOVED_TO, "MOVED_TO" }, { IN_CREATE, "CREATE" }, { IN_DELETE, "DELETE" },
		{ IN_DELETE_SELF, "DELETE_SELF" }, { IN_MOVE_SELF, "MOVE_SELF" }, { IN_UNMOUNT, "UNMOUNT" }, { IN_Q_OVERFLOW, "OVERFLOW" },
		{ IN_IGNORED, "IGNORED" }, { IN_ISDIR, "ISDIR" },
	};
	static char text[200];

	text[0] = 0;
	for (unsigned i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (mask & all[i].bit) {
			strcat(text, " ");
			strcat(text, all[i].name);
		}
	return text;
}

/* All events so far. Cookies: whether there is one, and whether it is that of the event before. */
static void events(const char *what)
{
	char buf[4096] __attribute__((aligned(8)));
	uint32_t last = 0;
	ssize_t n;

	say("-- %s", what);
	while ((n = read(fd, buf, sizeof(buf))) > 0)
		for (char *at = buf; at < buf + n;) {
			struct inotify_event *e = (struct inotify_event *)at;
			say("%s%s%s%s len %u%s", e->wd > 0 ? names[e->wd] : "-", bits(e->mask), e->len ? " " : "", e->len ? e->name : "", e->len,
			    !e->cookie ? "" : e->cookie == last ? ", same cookie" : ", cookie");
			last = e->cookie;
			at += sizeof(*e) + e->len;
		}
	if (n < 0 && errno != EAGAIN)
		say("read: %s", strerror(errno));
}

static int watch(const char *path, uint32_t mask)
{
	int wd = inotify_add_watch(fd, path, mask);

	if (wd < 0)
		say("watch %s: %s", path, strerror(errno));
	else
		names[wd] = path;
	return wd;
}

static void put(const char *name, const char *text)
{
	int f = open(name, O_WRONLY | O_CREAT | O_APPEND, 0644);

	if (write(f, text, strlen(text)) < 0)
		say("write: %s", strerror(errno));
	close(f);
}

static void in_folder(void)
{
	struct timespec times[2] = { { 1, 0 }, { 2, 0 } }, one[2] = { { 1, 0 }, { 0, UTIME_OMIT } };
	char buf[100];
	int f, p[2];

	mkdir("d", 0755);
	mkdir("e", 0755);
	watch("d", IN_ALL_EVENTS);
	put("d/a", "some text\n");
	events("make and write");
	f = open("d/a", O_RDWR);
	SAY(read(f, buf, 4));
	SAY(read(f, buf, 0));
	SAY(pread(f, buf, 4, 0));
	SAY(pread(f, buf, 4, 1000));
	events("read");
	SAY(pwrite(f, "x", 1, 0));
	SAY(write(f, "x", 0));
	SAY(ftruncate(f, 5));
	SAY(fchmod(f, 0600));
	SAY(futimens(f, times));
	SAY(futimens(f, one));
	SAY(fsync(f));
	events("change");
	close(f);
	events("close");
	SAY(truncate("d/a", 3));
	SAY(chmod("d/a", 0644));
	SAY(chown("d/a", getuid(), -1));
	events("by name");
	SAY(link("d/a", "d/b"));
	SAY(symlink("a", "d/s"));
	SAY(mkfifo("d/p", 0600));
	SAY(mkdir("d/sub", 0700));
	events("make others");
	SAY(rename("d/b", "d/c"));
	SAY(rename("d/c", "e/c"));
	SAY(rename("e/c", "d/a")); /* both the same file: nothing */
	SAY(rename("e/c", "d/new"));
	SAY(rename("d/sub", "d/sub2"));
	put("e/over", "y");
	SAY(rename("e/over", "d/new"));
	events("rename");
	f = open("d", O_RDONLY | O_DIRECTORY);
	while (syscall(SYS_getdents64, f, buf, sizeof(buf)) > 0)
		;
	close(f);
	f = open("d/sub2", O_RDONLY | O_DIRECTORY);
	close(f);
	events("folders");
	f = open("d/a", O_RDONLY);
	if (pipe(p))
		return;
	SAY(sendfile(p[1], f, NULL, 2));
	struct iovec v = { buf, 1 };
	SAY(readv(f, &v, 1));
	close(f);
	close(p[0]);
	close(p[1]);
	f = open("d/a", O_PATH);
	close(f);
	events("sendfile, readv, O_PATH");
	SAY(unlink("d/a"));
	SAY(unlink("d/s"));
	SAY(rmdir("d/sub2"));
	SAY(unlink("d/p"));
	SAY(unlink("d/new"));
	SAY(rmdir("e"));
	events("remove");
	SAY(rmdir("d"));
	events("the folder itself");
}

static void of_file(void)
{
	int f;

	put("file", "text");
	watch("file", IN_ALL_EVENTS);
	put("file", "more");
	SAY(link("file", "second"));
	SAY(unlink("second"));
	SAY(rename("file", "third"));
	events("a file");
	f = open("third", O_RDONLY);
	SAY(unlink("third"));
	events("unlinked while open");
	close(f);
	events("closed");
	put("file", "text");
	put("other", "text");
	watch("file", IN_ALL_EVENTS);
	SAY(rename("other", "file"));
	events("replaced");
	unlink("file");
}

static void options(void)
{
	int wd, other;

	mkdir("o", 0755);
	put("o/f", "x");
	symlink("o", "link");
	SAY(inotify_add_watch(fd, "o", 0));
	SAY(inotify_add_watch(fd, "o", 0x00010000));
	SAY(inotify_add_watch(fd, "o/f", IN_ONLYDIR | IN_OPEN));
	SAY(inotify_add_watch(fd, "nothing", IN_OPEN));
	SAY(inotify_add_watch(fd, "", IN_OPEN));
	SAY(inotify_add_watch(fd, NULL, IN_OPEN));
	SAY(inotify_add_watch(-1, "o", IN_OPEN));
	SAY(inotify_add_watch(1, "o", IN_OPEN));
	SAY(inotify_add_watch(fd, "o", IN_OPEN | IN_MASK_ADD | IN_MASK_CREATE));
	wd = watch("o", IN_OPEN);
	say("the same watch: %d", watch("link", IN_CLOSE) == wd);
	names[wd] = "o";
	other = watch("link", IN_ALL_EVENTS | IN_DONT_FOLLOW);
	say("another: %d, next number: %d", other != wd, other - wd);
	put("o/f", "y");
	events("replaced mask");
	watch("o", IN_MODIFY | IN_MASK_ADD);
	names[wd] = "o";
	put("o/f", "y");
	events("added mask");
	SAY(inotify_add_watch(fd, "o", IN_OPEN | IN_MASK_CREATE));
	unlink("link");
	events("the link went");
	SAY(inotify_rm_watch(fd, wd));
	SAY(inotify_rm_watch(fd, wd));
	SAY(inotify_rm_watch(fd, 12345));
	SAY(inotify_rm_watch(1, wd));
	SAY(inotify_rm_watch(-1, wd));
	put("o/f", "y");
	events("removed");
	wd = watch("o", IN_CREATE | IN_DELETE | IN_ONESHOT);
	put("o/f", "y");
	put("o/g", "y");
	put("o/h", "y");
	events("once");
	SAY(inotify_rm_watch(fd, wd));
	/* Names that are gone: the file stays open. */
	watch("o", IN_MODIFY | IN_CLOSE);
	int f = open("o/g", O_WRONLY), g;
	unlink("o/g");
	(void)!write(f, "z", 1);
	close(f);
	events("unlinked, heard");
	wd = watch("o", IN_MODIFY | IN_CLOSE | IN_EXCL_UNLINK);
	g = open("o/h", O_WRONLY);
	unlink("o/h");
	(void)!write(g, "z", 1);
	close(g);
	events("unlinked, not heard");
	inotify_rm_watch(fd, wd);
	events("end");
	unlink("o/f");
	rmdir("o");
	SAY(inotify_init1(12345));
}

static void reading(void)
{
	struct pollfd p = { fd, POLLIN, 0 };
	char buf[200];
	int n = -1, wd, ep = epoll_create1(0);
	struct epoll_event e = { .events = EPOLLIN | EPOLLET };

	mkdir("r", 0755);
	wd = watch("r", IN_CREATE | IN_DELETE);
	epoll_ctl(ep, EPOLL_CTL_ADD, fd, &e);
	SAY(read(fd, buf, 0));
	SAY(poll(&p, 1, 0));
	SAY(epoll_wait(ep, &e, 1, 0));
	put("r/name", "x");
	SAY(poll(&p, 1, 0));
	SAY(epoll_wait(ep, &e, 1, 0));
	SAY(epoll_wait(ep, &e, 1, 0));
	SAY(ioctl(fd, FIONREAD, &n));
	say("to be read: %d", n);
	SAY(read(fd, buf, 0));
	SAY(read(fd, buf, 15));
	SAY(read(fd, buf, 31));
	put("r/a-name-of-fifteen", "x");
	put("r/a-name-of-32-characters-abcdefg", "x");
	SAY(ioctl(fd, FIONREAD, &n));
	say("to be read: %d", n);
	SAY(read(fd, buf, 33));
	SAY(read(fd, buf, 200));
	SAY(ioctl(fd, FIONREAD, &n));
	say("to be read: %d", n);
	SAY(write(fd, buf, 10));
	SAY_OK(lseek(fd, 0, SEEK_SET));
	unlink("r/name");
	SAY(read(fd, (void *)16, 100));
	SAY(read(fd, buf, 100));
	unlink("r/a-name-of-fifteen");
	unlink("r/a-name-of-32-characters-abcdefg");
	/* Equal events in a row are one. */
	while (read(fd, buf, sizeof(buf)) > 0)
		;
	for (int i = 0; i < 5; i++) {
		put("r/x", "x");
		unlink("r/x");
	}
	events("alternating");
	watch("r", IN_MODIFY);
	int f = open("r/x", O_WRONLY | O_CREAT, 0600);
	for (int i = 0; i < 5; i++)
		(void)!write(f, "x", 1);
	close(f);
	events("merged");
	unlink("r/x");
	inotify_rm_watch(fd, wd);
	close(ep);
	rmdir("r");
	events("end");
}

/* Blocking: a read sleeps until something happens; a signal ends it. */
static void nothing(int sig)
{
	(void)sig;
}

static void waiting(void)
{
	int flags = fcntl(fd, F_GETFL), status;
	char buf[100];
	pid_t pid;

	fcntl(fd, F_SETFL, flags & ~O_NONBLOCK);
	mkdir("w", 0755);
	watch("w", IN_CREATE);
	pid = fork();
	if (pid == 0) {
		sleep_ms(50);
		put("w/now", "x");
		_exit(0);
	}
	SAY(read(fd, buf, sizeof(buf)));
	waitpid(pid, &status, 0);
	sigaction(SIGALRM, &(struct sigaction){ .sa_handler = nothing }, NULL);
	struct itimerval t = { { 0, 20000 }, { 0, 20000 } };
	setitimer(ITIMER_REAL, &t, NULL);
	SAY(read(fd, buf, sizeof(buf)));
	setitimer(ITIMER_REAL, &(struct itimerval){ { 0 } }, NULL);
	unlink("w/now");
	rmdir("w");
	fcntl(fd, F_SETFL, flags);
	events("after");
}

int main(void)
{
	umask(022);
	fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	say("flags %#x %d", fcntl(fd, F_GETFL) & ~O_LARGEFILE, fcntl(fd, F_GETFD));
	in_folder();
	of_file();
	options();
	reading();
	waiting();
	close(fd);
	return 0;
}
