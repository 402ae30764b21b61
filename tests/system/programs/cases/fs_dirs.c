/* Reading folders. */
#include "cases.h"

struct entry {
	uint64_t ino;
	int64_t off;
	uint16_t len;
	uint8_t type;
	char name[];
};

static int compare(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

/* How many names a folder shows from its current position on, and whether one comes twice. */
static void count(DIR *d, const char *what)
{
	static char *names[3000];
	struct dirent *e;
	int n = 0, twice = 0;

	while ((e = readdir(d)) && n < 3000)
		names[n++] = strdup(e->d_name);
	qsort(names, (size_t)n, sizeof(names[0]), compare);
	for (int i = 1; i < n; i++)
		twice += !strcmp(names[i - 1], names[i]);
	say("%s: %d names, %d twice", what, n, twice);
	for (int i = 0; i < n; i++)
		free(names[i]);
}

static void fill(int n)
{
	char name[40];

	mkdir("d", 0755);
	for (int i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "d/some-file-%d", i);
		close(open(name, O_CREAT | O_WRONLY, 0600));
	}
}

CASE(getdents_buffers, "buffers too small, empty, bad")
{
	char buffer[300];
	int d, f;

	mkdir("d", 0755);
	put("d/a_name_that_is_rather_long_for_a_small_buffer", "");
	d = open("d", O_RDONLY);
	f = open("d/a_name_that_is_rather_long_for_a_small_buffer", O_RDONLY);
	SAY(syscall(SYS_getdents64, d, buffer, 0));
	SAY(syscall(SYS_getdents64, d, buffer, 8));
	SAY(syscall(SYS_getdents64, f, buffer, 300));
	SAY(syscall(SYS_getdents64, 999, buffer, 300));
	SAY(syscall(SYS_getdents64, d, (void *)16, 300));
	SAY(syscall(SYS_getdents64, d, buffer, 300) > 0);
	SAY(syscall(SYS_getdents64, d, buffer, 300));
	SAY(syscall(SYS_getdents64, d, buffer, 8));
	SAY(syscall(SYS_getdents64, open("d", O_PATH), buffer, 300));
	SAY(syscall(SYS_getdents, open("d", O_RDONLY), buffer, 10));
	SAY(syscall(SYS_getdents, open("d", O_RDONLY), buffer, 300) > 0);
}

CASE(small_buffers, "a folder read one or two entries at a time")
{
	char buffer[64];
	int d, total = 0;
	long n;

	fill(100);
	d = open("d", O_RDONLY);
	while ((n = syscall(SYS_getdents64, d, buffer, sizeof(buffer))) > 0)
		for (long at = 0; at < n; at += ((struct entry *)(buffer + at))->len)
			total++;
	say("%d, %ld", total, n);
}

CASE(entry_types, "d_type of each kind")
{
	DIR *d;
	struct dirent *e;
	static const char *const names[] = { "f", "d", "l", "p", "s" };
	int types[5] = { 0 };

	mkdir("t", 0755);
	chdir("t");
	put("f", "");
	mkdir("d", 0755);
	symlink("f", "l");
	mkfifo("p", 0600);
	mknod("s", S_IFSOCK | 0600, 0);
	d = opendir(".");
	while ((e = readdir(d)))
		for (int i = 0; i < 5; i++)
			if (!strcmp(e->d_name, names[i]))
				types[i] = e->d_type;
	for (int i = 0; i < 5; i++)
		say("%s: %d", names[i], types[i]);
}

CASE(rewind_and_new, "rewinding shows what was made meanwhile")
{
	DIR *d;

	fill(3);
	d = opendir("d");
	count(d, "first");
	count(d, "at the end");
	put("d/new", "");
	rewinddir(d);
	count(d, "again");
	unlink("d/new");
	rewinddir(d);
	count(d, "without");
}

CASE(delete_while_reading, "rm -r's way: each name is removed when it is seen")
{
	DIR *d;
	struct dirent *e;
	char name[300];
	int n = 0;

	fill(1000);
	d = opendir("d");
	while ((e = readdir(d))) {
		if (e->d_name[0] == '.')
			continue;
		snprintf(name, sizeof(name), "d/%s", e->d_name);
		if (!unlink(name))
			n++;
	}
	say("%d removed", n);
	SAY(rmdir("d"));
}

CASE(seekdir_back, "positions told by telldir lead back to the same entries")
{
	long at[300];
	char names[300][40];
	DIR *d;
	struct dirent *e;
	int n = 0, wrong = 0;

	fill(200);
	d = opendir("d");
	while (n < 300) {
		at[n] = telldir(d);
		e = readdir(d);
		if (!e)
			break;
		snprintf(names[n++], 40, "%s", e->d_name);
	}
	say("%d", n);
	for (int i = n - 1; i >= 0; i -= 3) {
		seekdir(d, at[i]);
		e = readdir(d);
		wrong += !e || strcmp(e->d_name, names[i]);
	}
	say("%d wrong", wrong);
	seekdir(d, at[n]);
	say("end: %d", readdir(d) == NULL);
}

CASE(survivors_seen, "deleting some while reading: what stays is seen once")
{
	DIR *d;
	struct dirent *e;
	int seen = 0, odd_left = 0;
	char name[300];

	fill(500);
	d = opendir("d");
	for (int i = 0; i < 250; i++)
		readdir(d);
	for (int i = 0; i < 500; i += 2) {
		snprintf(name, sizeof(name), "d/some-file-%d", i);
		unlink(name);
	}
	rewinddir(d);
	while ((e = readdir(d)))
		if (e->d_name[0] != '.') {
			seen++;
			odd_left += atoi(e->d_name + 10) % 2;
		}
	say("%d seen, %d odd", seen, odd_left);
	for (int i = 0; i < 500; i += 2) {
		snprintf(name, sizeof(name), "d/some-file-%d", i);
		close(open(name, O_CREAT | O_WRONLY, 0600));
	}
	rewinddir(d);
	count(d, "filled again");
}

CASE(two_readers, "two descriptors have two positions; a dup shares its own")
{
	char buffer[100], other[4096];
	int a, b, c;

	fill(20);
	a = open("d", O_RDONLY);
	b = open("d", O_RDONLY);
	c = dup(a);
	SAY(syscall(SYS_getdents64, a, buffer, sizeof(buffer)) > 0);
	SAY(lseek(a, 0, SEEK_CUR) == lseek(c, 0, SEEK_CUR));
	SAY(lseek(b, 0, SEEK_CUR));
	SAY(syscall(SYS_getdents64, b, other, sizeof(other)) > 500);
	SAY(syscall(SYS_getdents64, b, other, sizeof(other)));
	SAY(lseek(c, 0, SEEK_SET));
	SAY(syscall(SYS_getdents64, a, other, sizeof(other)) > 500);
}

CASE(seek_errors, "lseek on folders")
{
	int d;

	mkdir("d", 0755);
	d = open("d", O_RDONLY);
	SAY(lseek(d, 0, SEEK_SET));
	SAY(lseek(d, -1, SEEK_SET));
	SAY(lseek(d, 0, 77));
	SAY(lseek(d, 0, SEEK_CUR));
	SAY(ftruncate(d, 0));
	SAY(write(d, "x", 1));
	SAY(fsync(d));
	SAY_OK(mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, d, 0));
}

CASE(dot_entries, "dot and dot-dot are there and lead where they should")
{
	struct stat here, up, st;
	DIR *d;
	struct dirent *e;

	mkdir("d", 0755);
	stat("d", &here);
	stat(".", &up);
	d = opendir("d");
	int dot = 0, dots = 0, n = 0;
	while ((e = readdir(d))) {
		n++;
		dot += !strcmp(e->d_name, ".") && e->d_ino == here.st_ino;
		dots += !strcmp(e->d_name, "..") && e->d_ino == up.st_ino;
	}
	say("%d entries, %d, %d", n, dot, dots);
	mkdir("e", 0755);
	SAY(rename("d", "e/d"));
	stat("e", &up);
	stat("e/d/..", &st);
	say("dot-dot moved: %d", st.st_ino == up.st_ino);
}

CASE(long_names, "names of 255 bytes, with any byte but zero and slash")
{
	char name[256], got[256] = "";
	DIR *d;
	struct dirent *e;

	mkdir("d", 0755);
	chdir("d");
	for (int i = 0; i < 255; i++)
		name[i] = (char)(i + 1 == '/' ? 'x' : i + 1);
	name[255] = 0;
	SAY_OK(open(name, O_CREAT | O_RDWR, 0600));
	d = opendir(".");
	while ((e = readdir(d)))
		if (e->d_name[0] != '.')
			snprintf(got, sizeof(got), "%s", e->d_name);
	say("same %d", !strcmp(name, got));
	SAY(access(name, F_OK));
	SAY(unlink(name));
	SAY_OK(open("\n", O_CREAT | O_RDWR, 0600));
	SAY_OK(open("...", O_CREAT | O_RDWR, 0600));
	SAY_OK(open(" ", O_CREAT | O_RDWR, 0600));
	SAY_OK(open("\377\376", O_CREAT | O_RDWR, 0600));
	rewinddir(d);
	count(d, "odd names");
}

CASE(cwd_depth, "getcwd in deep folders and with small buffers")
{
	char text[5000], name[101];
	int length = 0;

	SAY(syscall(SYS_getcwd, text, 0));
	SAY(syscall(SYS_getcwd, text, 1));
	SAY(syscall(SYS_getcwd, (char *)16, 100));
	memset(name, 'd', 100);
	name[100] = 0;
	for (int i = 0; i < 30; i++) {
		if (mkdir(name, 0755) || chdir(name)) {
			say("%d: %s", i, strerror(errno));
			break;
		}
	}
	length = (int)syscall(SYS_getcwd, text, 5000);
	say("more than 3030: %d", length > 3030);
	for (int i = 0; i < 30; i++)
		chdir("..");
	SAY(access(name, F_OK));
	for (int i = 0; i < 45; i++)
		if (mkdir(name, 0755) && errno != EEXIST)
			say("%d: %s", i, strerror(errno));
		else if (chdir(name))
			say("%d: %s", i, strerror(errno));
	SAY(syscall(SYS_getcwd, text, 5000));
	SAY_OK(open("f", O_CREAT | O_RDWR, 0600));
	for (int i = 0; i < 45; i++) {
		if (i == 0)
			unlink("f");
		chdir("..");
		rmdir(name);
	}
	SAY(access(name, F_OK));
}
