/*
 * hurtdisk DEVICE FOLDER SEED ROUNDS: damage to the ext2 file system on a disk, in the guest itself. Its contents are read once; each round they are
 * written back with a few changes in the superblock, descriptors, bitmaps, inodes, directories and indirect blocks, mounted with a random
 * errors= (never panic), walked, read, written and unmounted. Anything may be refused. Prints how often it could be mounted, and "end".
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#define MAX_SIZE (4u << 20)
#define MAX_NAMES 300
#define CHANGES 40
#define ROUND_SECONDS 60 /* one takes some milliseconds: this one never ends */

static uint32_t state;
static unsigned char *good, *hurt;
static size_t size;
static char names[MAX_NAMES][300];
static int nr_names;

static uint32_t below(uint32_t n)
{
	state ^= state << 13;
	state ^= state >> 17;
	state ^= state << 5;
	return state % n;
}

static uint32_t get32(size_t at)
{
	uint32_t v;
	memcpy(&v, good + at, 4);
	return v;
}

static void damage(size_t at, uint32_t bytes)
{
	static const uint32_t some[] = { 0, 1, 2, 0xffff, 0xffffffff, 0x7fffffff, 0x80000000 };
	uint32_t v = 0;

	if (at + bytes > size)
		return;
	memcpy(&v, hurt + at, bytes);
	switch (below(5)) {
	case 0: v = some[below(sizeof(some) / sizeof(some[0]))]; break;
	case 1: v += 1 - 2 * below(2); break;
	case 2: v ^= 1u << below(bytes * 8); break;
	case 3: v = below((uint32_t)size / 1024); break;
	default: v = below(0xffffffff);
	}
	memcpy(hurt + at, &v, bytes);
}

/* Where things lie: "The Second Extended File System", superblock at 1024, descriptors in the block after it, inodes of 128 bytes or more. */
static void damage_once(void)
{
	uint32_t bs = 1024u << get32(1024 + 24), descriptors = (get32(1024 + 20) + 1) * bs, table = get32(descriptors + 8) * bs;
	uint32_t inode_size = get32(1024 + 88) & 0xffff, inode = table + below(below(2) ? 30 : 200) * inode_size, block;

	switch (below(10)) {
	case 0: damage(1024 + below(100) * 4, below(2) ? 4 : 2); break;
	case 1: damage(descriptors + below(8) * 4, below(2) ? 4 : 2); break;
	case 2: damage(get32(descriptors + below(2) * 4) * bs + below(128) * 4, 4); break;
	case 3: case 4: damage(inode + below(10) * 4, below(2) ? 4 : 2); break;
	case 5: damage(inode + 40 + below(15) * 4, 4); break;
	default:
		block = get32(inode + 40 + below(15) * 4);
		if (block && (block + 1) * bs <= size)
			damage(block * bs + (below(3) ? below(24) : below(bs / 4)) * 4, 1u << below(3));
	}
}

static void note(const char *path)
{
	if (nr_names < MAX_NAMES && strlen(path) < sizeof(names[0]))
		strcpy(names[nr_names++], path);
}

static void walk(const char *path, int depth)
{
	struct dirent *e;
	char sub[600];
	struct stat st;
	DIR *d = opendir(path);
	int entries = 0;

	if (!d)
		return;
	while (entries++ < 2000 && (e = readdir(d))) {
		if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, "..") || strlen(path) + strlen(e->d_name) > 280)
			continue;
		snprintf(sub, sizeof(sub), "%s/%s", path, e->d_name);
		note(sub);
		if (!lstat(sub, &st) && S_ISDIR(st.st_mode) && depth < 6)
			walk(sub, depth + 1);
	}
	closedir(d);
}

static void look(const char *path)
{
	static char data[32768];
	struct stat st;
	char *p;
	int fd;

	(void)!readlink(path, data, sizeof(data));
	fd = open(path, O_RDONLY | O_NONBLOCK | O_NOFOLLOW);
	if (fd < 0)
		return;
	for (int i = 0; i < 8 && read(fd, data, sizeof(data)) > 0; i++)
		;
	if (!fstat(fd, &st) && S_ISREG(st.st_mode) && st.st_size > 0) {
		(void)!pread(fd, data, sizeof(data), st.st_size - (off_t)below(5000));
		p = mmap(NULL, 8192, PROT_READ, MAP_SHARED, fd, (off_t)below((uint32_t)(st.st_size >> 12) % 4096 + 1) << 12);
		if (p != MAP_FAILED) {
			(void)!write(-1, p, 1);
			munmap(p, 8192);
		}
	}
	close(fd);
}

static void write_to(const char *path)
{
	static char data[20000];
	int fd = open(path, O_RDWR | O_CREAT | O_NONBLOCK | O_NOFOLLOW | (below(4) ? 0 : O_TRUNC), 0644);

	if (fd < 0)
		return;
	(void)!pwrite(fd, data, below(sizeof(data)), (off_t)below(below(3) ? 30000 : 100000000));
	if (!below(4))
		fsync(fd);
	close(fd);
}

static void change(void)
{
	const char *a = names[below((uint32_t)nr_names)], *b = names[below((uint32_t)nr_names)];
	char fresh[320];

	snprintf(fresh, sizeof(fresh), "%s.%u", a, below(10));
	switch (below(10)) {
	case 0: rename(a, below(2) ? b : fresh); break;
	case 1: unlink(a); break;
	case 2: rmdir(a); break;
	case 3: mkdir(fresh, 0755); break;
	case 4: link(a, fresh); break;
	case 5: symlink(b, fresh); break;
	case 6: truncate(a, (off_t)below(below(2) ? 1000 : 1000000)); break;
	case 7: chmod(a, below(010000)); break;
	case 8: write_to(fresh); break;
	default: write_to(a);
	}
}

static void put(const char *device)
{
	int fd = open(device, O_WRONLY);

	if (fd < 0 || pwrite(fd, hurt, size, 0) != (ssize_t)size) {
		perror(device);
		exit(2);
	}
	close(fd);
}

static int round_of(const char *device, const char *folder)
{
	static const char *const options[] = { "errors=continue", "errors=remount-ro" };
	struct statfs sf;

	memcpy(hurt, good, size);
	for (uint32_t n = 1 + below(5); n--;)
		damage_once();
	put(device);
	if (mount(device, folder, "ext2", below(8) ? 0 : MS_RDONLY, options[below(2)]))
		return 0;
	nr_names = 0;
	walk(folder, 0);
	for (int i = 0; i < nr_names; i += 1 + (int)below(6))
		look(names[i]);
	for (int i = 0; i < CHANGES && nr_names; i++)
		change();
	if (!below(3))
		sync();
	statfs(folder, &sf);
	if (umount(folder)) {
		perror("umount");
		exit(1);
	}
	return 1;
}

int main(int argc, char **argv)
{
	int fd = open(argv[1], O_RDONLY), rounds = argc > 4 ? atoi(argv[4]) : 0, mounted = 0;
	uint32_t seed = argc > 3 ? (uint32_t)strtoul(argv[3], NULL, 0) : 1;

	good = malloc(MAX_SIZE);
	hurt = malloc(MAX_SIZE);
	size = (size_t)read(fd, good, MAX_SIZE);
	if (fd < 0 || (ssize_t)size < 65536)
		return 2;
	close(fd);
	for (int i = 0; i < rounds; i++) {
		state = (seed + (uint32_t)i) * 2654435761u | 1;
		alarm(ROUND_SECONDS);
		mounted += round_of(argv[1], argv[2]);
	}
	printf("%d of %d mounted\nend\n", mounted, rounds);
	return 0;
}
