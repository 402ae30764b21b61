/* Files in memory without a name, and their seals. */
#include "say.h"

#define MFD_CLOEXEC_ 1
#define MFD_ALLOW_SEALING_ 2
#define ADD_SEALS 1033
#define GET_SEALS 1034

static int make(const char *name, unsigned flags) { return (int)syscall(356, name, flags); }

static void links(int fd)
{
	char path[64], target[300];
	ssize_t n;

	sprintf(path, "/proc/self/fd/%d", fd);
	n = readlink(path, target, sizeof(target) - 1);
	target[n > 0 ? n : 0] = 0;
	say("it is %s", target);
}

static void making(void)
{
	char name[300];
	struct stat st;
	int fd;

	SAY(make("x", 0x100));
	SAY(make(NULL, 0));
	memset(name, 'n', sizeof(name));
	name[250] = 0;
	SAY(make(name, 0));
	name[249] = 0;
	SAY_OK(fd = make(name, 0));
	close(fd);
	SAY_OK(fd = make("", 0));
	links(fd);
	close(fd);
	fd = make("a/b", MFD_CLOEXEC_);
	links(fd);
	say("flags %d %#x", fcntl(fd, F_GETFD), fcntl(fd, F_GETFL));
	fstat(fd, &st);
	say("mode %o links %d size %d", st.st_mode, (int)st.st_nlink, (int)st.st_size);
	SAY(write(fd, "contents", 8));
	SAY(lseek(fd, 0, SEEK_CUR));
	SAY(pread(fd, name, 100, 3));
	SAY(ftruncate(fd, 100000));
	fstat(fd, &st);
	say("size %d", (int)st.st_size);
	SAY(fcntl(fd, GET_SEALS));
	SAY(fcntl(fd, ADD_SEALS, 2));
	sprintf(name, "/proc/self/fd/%d", fd);
	int again = open(name, O_RDONLY);
	SAY(read(again, name, 8));
	SAY(write(again, "x", 1));
	close(again);
	char *p = mmap(NULL, 100000, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	say("mapped: %.8s", p);
	p[50000] = 'm';
	close(fd); /* the mapping keeps it */
	if (fork() == 0) {
		p[50001] = 'c';
		_exit(0);
	}
	wait(NULL);
	say("from the child: %c%c", p[50000], p[50001]);
	munmap(p, 100000);
	fd = open("named", O_RDWR | O_CREAT, 0600);
	say("an ordinary file: %s", fcntl(fd, ADD_SEALS, 1) ? "refused" : "sealed");
	close(fd);
	unlink("named");
	int pipe_end[2];
	if (pipe(pipe_end))
		return;
	SAY(fcntl(pipe_end[1], ADD_SEALS, 1));
	SAY(fcntl(pipe_end[1], GET_SEALS));
	close(pipe_end[0]);
	close(pipe_end[1]);
}

static int sealed(int seals)
{
	int fd = make("sealed", MFD_ALLOW_SEALING_);

	if (write(fd, "0123456789", 10) != 10 || fcntl(fd, ADD_SEALS, seals))
		say("seal: %s", strerror(errno));
	say("-- seals %d", fcntl(fd, GET_SEALS));
	return fd;
}

static void attempts(int fd)
{
	char buf[20];
	void *p;

	SAY(pwrite(fd, "abc", 3, 0));
	SAY(pwrite(fd, "abc", 3, 9));
	SAY(pwrite(fd, "abc", 3, 20));
	SAY(pwrite(fd, "abc", 0, 0));
	SAY(ftruncate(fd, 5));
	SAY(ftruncate(fd, 40));
	SAY(fallocate(fd, 0, 0, 100));
	SAY(fallocate(fd, 1, 0, 4));
	SAY(fallocate(fd, 3, 0, 4));
	SAY(pread(fd, buf, 5, 0));
	p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	say("shared, writable: %s", p == MAP_FAILED ? strerror(errno) : "ok");
	if (p != MAP_FAILED)
		munmap(p, 4096);
	p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	say("private: %s", p == MAP_FAILED ? strerror(errno) : "ok");
	if (p != MAP_FAILED) {
		*(char *)p = 'x';
		munmap(p, 4096);
	}
	SAY(fcntl(fd, ADD_SEALS, 0));
	SAY(fcntl(fd, ADD_SEALS, 0x1000));
	SAY(fcntl(fd, ADD_SEALS, 2));
	close(fd);
}

static void sealing(void)
{
	static const int seals[] = { 0, 1, 2, 4, 6, 8, 14, 15 };
	char path[64];
	int fd;

	for (unsigned i = 0; i < sizeof(seals) / sizeof(seals[0]); i++)
		attempts(sealed(seals[i]));
	fd = sealed(0);
	char *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	SAY(fcntl(fd, ADD_SEALS, 8)); /* somebody could write */
	SAY(fcntl(fd, ADD_SEALS, 16));
	p[0] = 'w'; /* this mapping may go on */
	SAY(pwrite(fd, "x", 1, 0));
	say("another: %s", mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) == MAP_FAILED ? strerror(errno) : "ok");
	char *r = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
	say("to read: %c", *r);
	SAY(mprotect(r, 4096, PROT_READ | PROT_WRITE));
	munmap(r, 4096);
	munmap(p, 4096);
	SAY(fcntl(fd, ADD_SEALS, 8));
	sprintf(path, "/proc/self/fd/%d", fd);
	int reader = open(path, O_RDONLY);
	SAY(fcntl(reader, ADD_SEALS, 1));
	SAY(fcntl(reader, GET_SEALS));
	close(reader);
	close(fd);
	/* A private mapping does not count. */
	fd = sealed(0);
	p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	SAY(fcntl(fd, ADD_SEALS, 8));
	munmap(p, 4096);
	close(fd);
}

/* Nothing is looked through page by page. */
static void huge_hole(void)
{
	int fd = sealed(0);
	off_t size = (off_t)1 << 43;

	say("-- a huge hole");
	SAY(ftruncate(fd, size));
	say("from 1 MiB: data at %lld, hole at %lld", (long long)lseek(fd, 1 << 20, SEEK_DATA), (long long)lseek(fd, 1 << 20, SEEK_HOLE));
	SAY(pwrite(fd, "x", 1, size - 5));
	say("from 1 MiB: data at %lld, hole at %lld", (long long)lseek(fd, 1 << 20, SEEK_DATA), (long long)lseek(fd, 1 << 20, SEEK_HOLE));
	say("hole behind it at %lld", (long long)lseek(fd, size - 3, SEEK_HOLE));
	close(fd);
}

int main(void)
{
	making();
	sealing();
	huge_hole();
	return 0;
}
