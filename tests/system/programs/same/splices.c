/* splice, tee, vmsplice, sendfile, copy_file_range between files, pipes and memory. */
#include <sys/sendfile.h>

#include "say.h"

static char buf[300000], back[300000];

static unsigned sum(const char *p, size_t n)
{
	unsigned s = 1;
	while (n--)
		s = s * 31 + (unsigned char)*p++;
	return s;
}

static void fill(int fd, size_t n)
{
	for (size_t i = 0; i < n; i++)
		buf[i] = (char)(i * 7 + i / 251);
	if (pwrite(fd, buf, n, 0) != (ssize_t)n)
		_exit(98);
}

/* What the pipe holds. */
static void drain(int fd, const char *what)
{
	ssize_t all = 0, n;

	fcntl(fd, F_SETFL, O_NONBLOCK);
	while ((n = read(fd, back + all, sizeof(back) - (size_t)all)) > 0)
		all += n;
	fcntl(fd, F_SETFL, 0);
	say("%s: %zd bytes, sum %x", what, all, sum(back, (size_t)all));
}

static void file_and_pipe(int in, int out)
{
	int p[2];
	loff_t at = 100;

	say("-- file and pipe");
	SAY(pipe(p));
	SAY(splice(in, &at, p[1], NULL, 5000, 0));
	say("at %lld", (long long)at);
	drain(p[0], "from 100");
	SAY(lseek(in, 0, SEEK_SET));
	SAY(splice(in, NULL, p[1], NULL, 200000, 0));
	SAY(lseek(in, 0, SEEK_CUR));
	SAY(splice(in, NULL, p[1], NULL, 10, SPLICE_F_NONBLOCK));
	at = 3;
	SAY(splice(p[0], NULL, out, &at, 1000, 0));
	say("at %lld", (long long)at);
	SAY(splice(p[0], NULL, out, &at, 100000, 0));
	SAY(splice(p[0], NULL, out, NULL, 10, SPLICE_F_NONBLOCK));
	SAY(pread(out, back, sizeof(back), 0));
	say("sum %x", sum(back, 65536));
	at = 1 << 20;
	SAY(splice(in, &at, p[1], NULL, 10, 0));
	SAY(splice(in, NULL, out, NULL, 10, 0));
	SAY(splice(p[0], &at, out, NULL, 10, 0));
	SAY(splice(in, NULL, p[1], &at, 10, 0));
	SAY(splice(p[0], NULL, p[1], NULL, 10, 0));
	SAY(splice(in, NULL, p[0], NULL, 10, 0));
	SAY(splice(p[1], NULL, out, NULL, 10, 0));
	SAY(splice(in, NULL, 999, NULL, 10, 0));
	SAY(splice(in, NULL, p[1], NULL, 10, 64));
	SAY(splice(in, NULL, p[1], NULL, 0, 0));
	at = -5;
	SAY(splice(in, &at, p[1], NULL, 10, 0));
	SAY(splice(in, (void *)16, p[1], NULL, 10, 0));
	int append = open("append", O_WRONLY | O_CREAT | O_APPEND, 0600);
	write(p[1], "abc", 3);
	SAY(splice(p[0], NULL, append, NULL, 10, 0));
	close(append);
	unlink("append");
	close(p[1]);
	SAY(splice(p[0], NULL, out, NULL, 10, 0));
	SAY(splice(p[0], NULL, out, NULL, 10, 0));
	close(p[0]);
}

static void pipes(void)
{
	int a[2], b[2];

	say("-- pipes");
	pipe(a);
	pipe(b);
	SAY(write(a[1], "hello, world", 12));
	SAY(tee(a[0], b[1], 5, 0));
	drain(b[0], "tee");
	SAY(splice(a[0], NULL, b[1], NULL, 7, 0));
	SAY(write(a[1], "more", 4));
	SAY(tee(a[0], b[1], 100, 0));
	SAY(splice(a[0], NULL, b[1], NULL, 100, 0));
	drain(b[0], "moved");
	SAY(tee(a[0], b[1], 100, SPLICE_F_NONBLOCK));
	SAY(tee(a[0], a[1], 100, 0));
	SAY(fcntl(a[1], F_SETPIPE_SZ, 4096));
	memset(buf, 'z', 4096);
	SAY(write(a[1], buf, 4096));
	SAY(splice(a[0], NULL, b[1], NULL, 1, 0));
	drain(a[0], "rest");
	drain(b[0], "one");
	if (!fork()) {
		sleep_ms(30);
		write(a[1], "late", 4);
		_exit(0);
	}
	SAY(splice(a[0], NULL, b[1], NULL, 100, 0));
	wait(NULL);
	drain(b[0], "late");
	close(b[0]);
	write(a[1], "x", 1);
	signal(SIGPIPE, SIG_IGN);
	SAY(splice(a[0], NULL, b[1], NULL, 100, 0));
	close(a[0]), close(a[1]), close(b[1]);
}

static void memory(void)
{
	int p[2];
	char *m = mmap(NULL, 16384, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct iovec v[3] = { { m + 10, 100 }, { m + 4000, 5000 }, { m, 0 } }, bad = { (void *)16, 10 };

	say("-- memory");
	pipe(p);
	for (int i = 0; i < 16384; i++)
		m[i] = (char)(i * 3);
	SAY(vmsplice(p[1], v, 3, 0));
	drain(p[0], "pages");
	SAY(vmsplice(p[1], &bad, 1, 0));
	SAY(vmsplice(p[1], v, 1, 128));
	SAY(vmsplice(1000, v, 1, 0));
	write(p[1], "to memory", 9);
	v[0] = (struct iovec){ m, 4 };
	v[1] = (struct iovec){ m + 100, 100 };
	SAY(vmsplice(p[0], v, 2, 0));
	say("%.4s%.5s", m, m + 100);
	close(p[0]), close(p[1]);
}

static void whole_files(int in, int out)
{
	loff_t from = 10, to = 20;
	off_t off = 5;
	int p[2];

	say("-- files");
	SAY(ftruncate(out, 0));
	SAY(copy_file_range(in, &from, out, &to, 100000, 0));
	say("%lld %lld", (long long)from, (long long)to);
	SAY(lseek(in, 0, SEEK_SET));
	SAY(lseek(out, 0, SEEK_SET));
	SAY(copy_file_range(in, NULL, out, NULL, 1000000, 0));
	SAY(lseek(out, 0, SEEK_CUR));
	SAY(copy_file_range(in, NULL, out, NULL, 1000, 0));
	SAY(copy_file_range(in, NULL, out, NULL, 1000, 1));
	from = 0, to = 100;
	SAY(copy_file_range(in, &from, in, &to, 1000, 0));
	SAY(pread(out, back, sizeof(back), 0));
	say("sum %x", sum(back, 150000));
	SAY(lseek(out, 0, SEEK_SET));
	SAY(sendfile(out, in, &off, 4000));
	say("off %ld", (long)off);
	pipe(p);
	SAY(sendfile(p[1], in, &off, 4000));
	drain(p[0], "sendfile");
	SAY(sendfile(out, p[0], NULL, 10));
	SAY(copy_file_range(p[0], NULL, out, NULL, 10, 0));
	int folder = open(".", O_RDONLY);
	SAY(copy_file_range(folder, NULL, out, NULL, 10, 0));
	close(folder);
	close(p[0]), close(p[1]);
}

int main(void)
{
	int in = open("in", O_RDWR | O_CREAT | O_TRUNC, 0600), out = open("out", O_RDWR | O_CREAT | O_TRUNC, 0600);

	alarm(30);
	fill(in, 150000);
	file_and_pipe(in, out);
	pipes();
	memory();
	whole_files(in, out);
	return 0;
}
