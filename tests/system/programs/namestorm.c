/*
 * Several processes make, rename, link, look up and remove names in the same few directories, at random but seeded.
 * namestorm DIR PROCESSES ROUNDS SEED: prints nothing and exits 0 unless a call fails with an error that the others cannot have caused.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static uint32_t state;
static const char *top;

static uint32_t below(uint32_t n)
{
	state ^= state << 13;
	state ^= state >> 17;
	state ^= state << 5;
	return state % n;
}

/* One of a few names, up to three folders deep. */
static char *name(char *to)
{
	int depth = (int)below(3), at = sprintf(to, "%s", top);
	for (int i = 0; i < depth; i++)
		at += sprintf(to + at, "/d%u", below(3));
	sprintf(to + at, below(4) ? "/f%u" : "/d%u", below(12));
	return to;
}

/* Errors that another process may have brought about, or the mix of files and folders. */
static int expected(int e)
{
	static const int list[] = { ENOENT, EEXIST, ENOTDIR, EISDIR, ENOTEMPTY, EINVAL, ELOOP, EPERM, EBUSY, EXDEV };
	for (size_t i = 0; i < sizeof(list) / sizeof(list[0]); i++)
		if (list[i] == e)
			return 1;
	return 0;
}

static void check(const char *what, long result, const char *path)
{
	if (result >= 0 || expected(errno))
		return;
	fprintf(stderr, "%s %s: %s\n", what, path, strerror(errno));
	exit(1);
}

static void write_some(const char *path)
{
	char text[600];
	int fd = open(path, O_RDWR | O_CREAT | (below(2) ? O_TRUNC : O_APPEND), 0644);
	check("open", fd, path);
	if (fd < 0)
		return;
	memset(text, 'a' + (int)below(26), sizeof(text));
	check("write", write(fd, text, 1 + below(sizeof(text))), path);
	if (!below(4))
		check("ftruncate", ftruncate(fd, below(5000)), path);
	if (!below(8))
		check("unlink", unlink(path), path); /* while it is open */
	check("pread", pread(fd, text, sizeof(text), 0), path);
	close(fd);
}

static void list(const char *path)
{
	struct stat st;
	struct dirent *e;
	char sub[300];
	DIR *d = opendir(path);
	if (!d)
		return;
	while ((e = readdir(d))) {
		snprintf(sub, sizeof(sub), "%s/%s", path, e->d_name);
		check("lstat", lstat(sub, &st), sub);
	}
	closedir(d);
}

static void one(void)
{
	char a[300], b[300], target[64];
	struct stat st;

	name(a);
	name(b);
	switch (below(14)) {
	case 0: case 1: case 2: write_some(a); break;
	case 3: case 4: check("mkdir", mkdir(a, 0755), a); break;
	case 5: check("rmdir", rmdir(a), a); break;
	case 6: check("unlink", unlink(a), a); break;
	case 7: case 8: case 9: check("rename", rename(a, b), a); break;
	case 10: check("link", link(a, b), a); break;
	case 11: check("symlink", symlink(b + strlen(top) + 1, a), a); break;
	case 12: check("stat", stat(a, &st), a); check("readlink", readlink(b, target, sizeof(target)), b); break;
	case 13: list(below(2) ? top : a); break;
	}
}

int main(int argc, char **argv)
{
	int bad = 0, status, processes = atoi(argv[2]), rounds = atoi(argv[3]);

	top = argv[1];
	mkdir(top, 0755);
	for (int p = 0; p < processes; p++)
		if (!fork()) {
			state = (uint32_t)(atoi(argv[4]) * 1000 + p) * 2654435761u + 1;
			for (int i = 0; i < rounds; i++)
				one();
			exit(0);
		}
	while (wait(&status) > 0)
		bad |= status;
	return bad != 0;
}
