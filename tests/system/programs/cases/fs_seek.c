/* lseek, truncate, fallocate: sizes and positions. */
#include "cases.h"

static char buffer[70000];

CASE(whence, "lseek's whence values and errors on files, pipes, folders, devices")
{
	int fd = open("f", O_RDWR | O_CREAT, 0600), p[2];

	write(fd, "0123456789", 10);
	SAY(lseek(fd, -1, SEEK_SET));
	SAY(lseek(fd, -11, SEEK_END));
	SAY(lseek(fd, -10, SEEK_END));
	SAY(lseek(fd, 5, SEEK_END));
	SAY(lseek(fd, -16, SEEK_CUR));
	SAY(lseek(fd, 0, SEEK_CUR));
	SAY(lseek(fd, 0, 5));
	SAY(lseek(fd, 0, -1));
	SAY(lseek(fd, 0, 99));
	pipe(p);
	SAY(lseek(p[0], 0, SEEK_SET));
	SAY(lseek(p[0], 0, 99));
	SAY(lseek(999, 0, SEEK_SET));
	SAY(syscall(SYS__llseek, fd, 0, 3, (void *)16, SEEK_SET));
	SAY(lseek(fd, 0, SEEK_CUR));
	SAY(syscall(SYS_lseek, fd, 4, SEEK_SET));
	SAY(syscall(SYS_lseek, fd, -1, SEEK_SET));
}

CASE(beyond_2g, "positions beyond 2 and 4 GiB in a sparse file")
{
	int fd = open("f", O_RDWR | O_CREAT | O_LARGEFILE, 0600);
	struct stat st;

	say("%lld", (long long)lseek(fd, 5ll << 30, SEEK_SET));
	SAY(write(fd, "x", 1));
	say("%lld", (long long)lseek(fd, 0, SEEK_END));
	fstat(fd, &st);
	say("size %lld", (long long)st.st_size);
	SAY(pread(fd, buffer, 2, (5ll << 30) - 1));
	say("%d %c", buffer[0], buffer[1]);
	say("%lld", (long long)lseek(fd, -(1ll << 30), SEEK_CUR));
	SAY(ftruncate(fd, 3ll << 30));
	say("%lld", (long long)lseek(fd, 0, SEEK_END));
	SAY(ftruncate(fd, 0));
}

CASE(data_and_holes, "SEEK_DATA and SEEK_HOLE at their ends")
{
	int fd = open("f", O_RDWR | O_CREAT, 0600);

	SAY(lseek(fd, 0, SEEK_DATA));
	SAY(lseek(fd, 0, SEEK_HOLE));
	write(fd, buffer, 65536);
	fsync(fd);
	SAY(lseek(fd, 0, SEEK_DATA));
	SAY(lseek(fd, 0, SEEK_HOLE));
	SAY(lseek(fd, 65535, SEEK_DATA));
	SAY(lseek(fd, 65535, SEEK_HOLE));
	SAY(lseek(fd, 65536, SEEK_DATA));
	SAY(lseek(fd, 65536, SEEK_HOLE));
	SAY(lseek(fd, -1, SEEK_DATA));
	SAY(lseek(fd, -1, SEEK_HOLE));
	SAY(lseek(fd, 0, SEEK_CUR));
	ftruncate(fd, 1 << 20);
	pwrite(fd, "data", 4, 786432);
	fsync(fd);
	SAY(lseek(fd, 786433, SEEK_DATA));
	say("first hole at %d or the end", lseek(fd, 0, SEEK_HOLE) == 65536 || lseek(fd, 0, SEEK_HOLE) == 1 << 20);
	SAY(lseek(fd, 1 << 20, SEEK_HOLE));
}

CASE(holes_of_the_disk, "a hole of many blocks is found where the file system tells of holes")
{
	int fd = open("f", O_RDWR | O_CREAT, 0600);

	pwrite(fd, buffer, 65536, 0);
	pwrite(fd, buffer, 65536, 1 << 20);
	fsync(fd);
	SAY(lseek(fd, 0, SEEK_HOLE));
	SAY(lseek(fd, 65536, SEEK_DATA));
	SAY(lseek(fd, 1 << 20, SEEK_HOLE));
	SAY(lseek(fd, (1 << 20) + 65535, SEEK_DATA));
	SAY(lseek(fd, (1 << 20) + 65536, SEEK_DATA));
}

CASE(truncate_errors, "truncate and ftruncate: what cannot be cut")
{
	int ro, p[2];

	put("f", "0123456789");
	mkdir("d", 0755);
	symlink("f", "l");
	symlink("none", "dangling");
	ro = open("f", O_RDONLY);
	pipe(p);
	SAY(ftruncate(ro, 0));
	SAY(ftruncate(p[1], 0));
	SAY(ftruncate(999, 0));
	SAY(ftruncate(open("d", O_RDONLY), 0));
	SAY(ftruncate(open("f", O_RDWR), -1));
	SAY(truncate("d", 0));
	SAY(truncate("none", 0));
	SAY(truncate("dangling", 0));
	SAY(truncate("f/x", 0));
	SAY(truncate("", 0));
	SAY(truncate("f", -1));
	SAY(truncate("/dev/null", 0));
	SAY(truncate("l", 4));
	show_file("f");
	show_stat("l");
	SAY(truncate("f", INT64_MAX) == 0 || errno == EFBIG || errno == EINVAL);
}

CASE(truncate_grows, "growing shows zeros, also where data was before")
{
	int fd = open("f", O_RDWR | O_CREAT, 0600), sum = 0;
	char *p = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	memset(buffer, 'x', sizeof(buffer));
	SAY(write(fd, buffer, 6000));
	SAY(ftruncate(fd, 100));
	SAY(ftruncate(fd, 8192));
	for (int i = 100; i < 8192; i++)
		sum += p[i];
	say("sum %d, %.3s", sum, p + 97);
	SAY(lseek(fd, 0, SEEK_CUR));
	SAY(write(fd, "far", 3));
	show_stat("f");
}

CASE(truncate_times, "which times a truncation changes")
{
	struct timespec old[2] = { { 1000, 0 }, { 1000, 0 } };
	struct stat st;
	int fd;

	put("f", "0123456789");
	utimensat(AT_FDCWD, "f", old, 0);
	SAY(truncate("f", 10));
	stat("f", &st);
	say("truncate to the same: mtime kept %d", st.st_mtime == 1000);
	utimensat(AT_FDCWD, "f", old, 0);
	fd = open("f", O_RDWR);
	SAY(ftruncate(fd, 10));
	stat("f", &st);
	say("ftruncate to the same: mtime kept %d", st.st_mtime == 1000);
	utimensat(AT_FDCWD, "f", old, 0);
	SAY(truncate("f", 9));
	stat("f", &st);
	say("shorter: mtime kept %d", st.st_mtime == 1000);
	utimensat(AT_FDCWD, "f", old, 0);
	close(open("f", O_RDWR | O_TRUNC));
	stat("f", &st);
	say("O_TRUNC: mtime kept %d, atime kept %d", st.st_mtime == 1000, st.st_atime == 1000);
	utimensat(AT_FDCWD, "f", old, 0);
	close(open("f", O_RDWR | O_TRUNC));
	stat("f", &st);
	say("O_TRUNC of an empty file: mtime kept %d", st.st_mtime == 1000);
	utimensat(AT_FDCWD, "f", old, 0);
	SAY(write(fd, "x", 0));
	stat("f", &st);
	say("nothing written: mtime kept %d", st.st_mtime == 1000);
}

CASE(fallocate_errors, "fallocate: bad arguments and kinds")
{
	int fd = open("f", O_RDWR | O_CREAT, 0600), p[2];

	pipe(p);
	SAY(fallocate(fd, 0, 0, 0));
	SAY(fallocate(fd, 0, -1, 10));
	SAY(fallocate(fd, 0, 0, -1));
	SAY(fallocate(fd, 0, INT64_MAX - 5, 10));
	SAY(fallocate(fd, 0x1000, 0, 10));
	SAY(fallocate(fd, FALLOC_FL_PUNCH_HOLE, 0, 10));
	SAY(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE | FALLOC_FL_ZERO_RANGE, 0, 10));
	SAY(fallocate(fd, FALLOC_FL_COLLAPSE_RANGE | FALLOC_FL_KEEP_SIZE, 0, 10));
	SAY(fallocate(p[1], 0, 0, 10));
	SAY(fallocate(open("f", O_RDONLY), 0, 0, 10));
	SAY(fallocate(open(".", O_RDONLY), 0, 0, 10));
	SAY(fallocate(999, 0, 0, 10));
	SAY(fallocate(open("/dev/null", O_RDWR), 0, 0, 10));
	show_stat("f");
}

CASE(fallocate_effects, "allocation, keeping the size, holes, where the file system does it")
{
	int fd = open("f", O_RDWR | O_CREAT, 0600), sum = 0;

	if (fallocate(fd, 0, 0, 20000) && errno == EOPNOTSUPP)
		ftruncate(fd, 20000);
	show_stat("f");
	memset(buffer, 'y', sizeof(buffer));
	SAY(pwrite(fd, buffer, 20000, 0));
	if (fallocate(fd, FALLOC_FL_KEEP_SIZE, 20000, 20000) && errno != EOPNOTSUPP)
		say("keep size: %s", strerror(errno));
	show_stat("f");
	if (fallocate(fd, FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE, 5000, 10000)) {
		if (errno != EOPNOTSUPP)
			say("punch: %s", strerror(errno));
		memset(buffer, 0, 10000);
		pwrite(fd, buffer, 10000, 5000);
	}
	SAY(pread(fd, buffer, 20000, 0));
	for (int i = 5000; i < 15000; i++)
		sum += buffer[i];
	say("%c %d %c", buffer[4999], sum, buffer[15000]);
	if (fallocate(fd, FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE, 19000, 100000) && errno != EOPNOTSUPP)
		say("punch at the end: %s", strerror(errno));
	show_stat("f");
	if (fallocate(fd, FALLOC_FL_ZERO_RANGE, 100, 50)) {
		if (errno != EOPNOTSUPP)
			say("zero: %s", strerror(errno));
		memset(buffer, 0, 50);
		pwrite(fd, buffer, 50, 100);
	}
	SAY(pread(fd, buffer, 200, 0));
	say("%c %d %d %c", buffer[99], buffer[100], buffer[149], buffer[150]);
}

CASE(punched_mapping, "a hole punched under a mapping reads as zeros there")
{
	int fd = open("f", O_RDWR | O_CREAT, 0600);
	char *p;

	memset(buffer, 'z', sizeof(buffer));
	pwrite(fd, buffer, 40960, 0);
	p = mmap(NULL, 40960, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	say("%c", p[8192]);
	p[8193] = 'M';
	if (fallocate(fd, FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE, 8192, 8192)) {
		memset(buffer, 0, 8192);
		pwrite(fd, buffer, 8192, 8192);
	}
	say("%c %d %d %d %c", p[8191], p[8192], p[8193], p[16383], p[16384]);
	p[9000] = 'N';
	SAY(pread(fd, buffer, 1, 9000));
	say("%c", buffer[0]);
	SAY(msync(p, 40960, MS_SYNC));
}

CASE(sparse_blocks, "a sparse file takes few blocks, filling takes more, truncation gives them back")
{
	int fd = open("f", O_RDWR | O_CREAT, 0600);
	struct stat st;

	ftruncate(fd, 10 << 20);
	fsync(fd);
	fstat(fd, &st);
	say("empty: few %d", st.st_blocks < 64);
	memset(buffer, 'w', sizeof(buffer));
	for (int i = 0; i < 16; i++)
		pwrite(fd, buffer, 65536, i * 65536);
	fsync(fd);
	fstat(fd, &st);
	say("1 MiB: %d", st.st_blocks >= 2048 && st.st_blocks < 2200);
	ftruncate(fd, 0);
	fsync(fd);
	fstat(fd, &st);
	say("cut: few %d", st.st_blocks < 64);
}
