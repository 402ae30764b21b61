/* Folders and names: creation, removal, renaming, reading, relative calls. */
#include "say.h"
#include <dirent.h>

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void list(const char *path)
{
	char *names[300], line[400] = "";
	int n = 0;
	struct dirent *e;
	DIR *d = opendir(path);

	if (!d) {
		say("%s: %s", path, strerror(errno));
		return;
	}
	while ((e = readdir(d)) && n < 300)
		names[n++] = strdup(e->d_name);
	closedir(d);
	qsort(names, (size_t)n, sizeof(names[0]), by_name);
	for (int i = 0; i < n && i < 20; i++) {
		strcat(line, " ");
		strcat(line, names[i]);
	}
	say("%s: %d:%s", path, n, line);
}

static void make_and_remove(void)
{
	SAY(mkdir("a", 0755));
	SAY(mkdir("a", 0755));
	SAY(mkdir("none/a", 0755));
	SAY(mkdir("a/b", 0700));
	SAY(rmdir("a"));
	SAY(rmdir("a/b/."));
	SAY(rmdir("a/b"));
	SAY(rmdir("none"));
	SAY(close(open("a/f", O_CREAT | O_WRONLY, 0644)));
	SAY(rmdir("a/f"));
	SAY(unlink("a"));
	SAY(mkdir("a/f", 0755));
	SAY(mkdir("a/f/x", 0755));
	list("a");
	list("none");
	list("a/f");
}

static void renames(void)
{
	struct stat st;

	SAY(mkdir("r", 0755));
	SAY(mkdir("r/empty", 0755));
	SAY(mkdir("r/full", 0755));
	SAY(close(open("r/full/x", O_CREAT | O_WRONLY, 0644)));
	SAY(close(open("r/file", O_CREAT | O_WRONLY, 0644)));
	SAY(rename("r/file", "r/file"));
	SAY(rename("r/file", "r/full"));
	SAY(rename("r/full", "r/file"));
	SAY(rename("r/empty", "r/full"));
	SAY(rename("r/full", "r/empty"));
	SAY(rename("r", "r/empty/r"));
	SAY(rename("none", "r/x"));
	SAY(rename("r/file", "none/x"));
	SAY(link("r/file", "r/same"));
	SAY(rename("r/file", "r/same"));
	list("r");
	SAY(rename("r/same", "r/other"));
	list("r");
	SAY(mkdir("r/p", 0755));
	SAY(mkdir("r/q", 0755));
	SAY(mkdir("r/p/moved", 0755));
	SAY(rename("r/p/moved", "r/q/moved"));
	SAY(stat("r/q/moved/..", &st));
	SAY(syscall(SYS_renameat2, AT_FDCWD, "r/other", AT_FDCWD, "r/q", 1));
	list("r/q");
}

static void relative(void)
{
	char cwd[300];
	int dir;

	SAY(mkdir("w", 0755));
	dir = open("w", O_RDONLY | O_DIRECTORY);
	SAY(mkdirat(dir, "in", 0755));
	SAY_OK(openat(dir, "in/file", O_CREAT | O_WRONLY, 0600));
	SAY(symlinkat("in/file", dir, "s"));
	SAY(faccessat(dir, "s", R_OK, 0));
	SAY(unlinkat(dir, "in", 0));
	SAY(unlinkat(dir, "in", AT_REMOVEDIR));
	SAY(fchdir(dir));
	say("%s", strrchr(getcwd(cwd, sizeof(cwd)), '/'));
	SAY(unlink("s"));
	SAY(chdir("in/file"));
	SAY(chdir("in"));
	SAY(chdir("../../w/./in/../in"));
	say("%s", strrchr(getcwd(cwd, sizeof(cwd)), '/'));
	SAY(getcwd(cwd, 2) == NULL ? -1 : 0);
	SAY(openat(999, "x", O_RDONLY));
	SAY(openat(open("file", O_RDONLY), "x", O_RDONLY));
	SAY(chdir("../.."));
}

static void links(void)
{
	SAY(symlink("target", "sl"));
	SAY(open("sl", O_RDONLY));
	SAY_OK(open("sl", O_RDWR | O_CREAT, 0644));
	SAY(access("target", F_OK));
	SAY(symlink("sl", "sl"));
	SAY(symlink("", "empty"));
	SAY(symlink("loop2", "loop1"));
	SAY(symlink("loop1", "loop2"));
	SAY(open("loop1", O_RDONLY));
	SAY(mkdir("sl", 0755));
	SAY(rmdir("sl"));
	SAY(symlink(".", "dot"));
	SAY(access("dot/dot/dot/target", F_OK));
	SAY(rename("dot", "dot2"));
	SAY(unlink("dot2/"));
	SAY(unlink("dot2"));
}

static void many(void)
{
	char name[64];

	SAY(mkdir("many", 0755));
	for (int i = 0; i < 250; i++) {
		snprintf(name, sizeof(name), "many/file-with-a-long-name-%d", i);
		close(open(name, O_CREAT | O_WRONLY, 0644));
	}
	list("many");
	for (int i = 0; i < 250; i += 2) {
		snprintf(name, sizeof(name), "many/file-with-a-long-name-%d", i);
		unlink(name);
	}
	list("many");
}

int main(void)
{
	make_and_remove();
	renames();
	relative();
	links();
	many();
	return 0;
}
