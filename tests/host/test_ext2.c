/*
 * ext2 on image files made by mke2fs, on the kernel's own page cache, buffer heads, inode and name caches; e2fsck and debugfs judge.
 * SOURCES: io/fs/ext2/balloc.c io/fs/ext2/dir.c io/fs/ext2/dirindex.c io/fs/ext2/file.c io/fs/ext2/ialloc.c io/fs/ext2/inode.c
 * SOURCES: io/fs/ext2/map.c io/fs/ext2/namei.c io/fs/ext2/super.c io/fs/ext2/super_check.c io/fs/ext2/truncate.c io/fs/ext2/tx.c
 * SOURCES: io/fs/ext2/xattr.c tests/host/fs_machine.c tests/host/fs_calls.c
 * SOURCES: io/cache/block_modify.c io/cache/block_read.c io/cache/block_write.c io/cache/buffer_head.c io/cache/buffer_io.c
 * SOURCES: io/cache/direct_io.c io/cache/dirty_limits.c io/cache/vm_knobs.c io/cache/filemap.c io/cache/filemap_mmap.c io/cache/filemap_write.c
 * SOURCES: io/cache/page_cache.c io/cache/page_state.c io/cache/readahead.c io/cache/reclaim.c io/cache/truncate.c io/cache/writeback.c
 * SOURCES: io/cache/replacement.c io/cache/policy_2q.c io/cache/policy_lru.c io/cache/policy_clock.c
 * SOURCES: io/vfs/attr.c io/vfs/dcache.c io/vfs/shrink.c io/vfs/inode.c io/vfs/iov_iter.c io/vfs/permission.c io/vfs/super.c io/vfs/sync.c
 * SOURCES: kernel/lib/bitmap.c kernel/lib/errname.c kernel/lib/kstrto.c kernel/lib/printf.c kernel/lib/radix_tree.c kernel/lib/seq_buf.c
 * SOURCES: kernel/lib/string.c
 */
#include "tests/host/host_test.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/host/fs_machine.h"

static char image[64];
static const u32 block_sizes[] = { 4096, 1024, 2048 };

/* Run a program of the host. Its exit status; what it printed goes to out (may be NULL). */
static int host(char *out, size_t size, const char *fmt, ...)
{
	char cmd[512], text[512];
	size_t len = 0;
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(cmd, sizeof(cmd), fmt, ap);
	va_end(ap);
	fflush(stdout);
	FILE *p = popen(cmd, "r");
	while (fgets(text, sizeof(text), p))
		if (out && len + strlen(text) < size)
			len += (size_t)sprintf(out + len, "%s", text);
	int status = pclose(p);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void make_image(u32 mib, u32 block_size, const char *more)
{
	static const char make[] = "rm -f %s; truncate -s %uM %s && mke2fs -q -F -t ext2 -b %u %s %s 2>&1";
	CHECK_EQ(host(NULL, 0, make, image, mib, image, block_size, more, image), 0);
}

/* e2fsck must have nothing to say: status 0 and no line but the headline, the passes and the summary. */
static void expect_clean(const char *when)
{
	char out[8192] = "";
	host(out, sizeof(out), "(e2fsck -fn %s 2>&1; echo status $?) | "
		"grep -v '^Pass [1-5]\\|^e2fsck \\|files (.*non-contiguous)\\|^status 0$'", image);
	if (out[0])
		printf("# e2fsck after %s:\n# %s\n", when, out);
	CHECK(!out[0]);
}

/* What debugfs prints for a request. */
static void debugfs(char *out, size_t size, const char *request)
{
	out[0] = 0;
	host(out, size, "debugfs -R '%s' %s 2>/dev/null", request, image);
}

static struct super_block *mount_image(const char *options)
{
	struct super_block *sb = machine_mount(image, 0, options);
	CHECK(!IS_ERR(sb));
	if (IS_ERR(sb)) {
		printf("# mount: %ld\n", PTR_ERR(sb));
		exit(1);
	}
	return sb;
}

static void unmount(struct super_block *sb, const char *when)
{
	u32 errors = machine_log_has("ext2 ") ? 1 : 0;
	if (errors)
		printf("# ext2 complained during %s\n", when);
	CHECK(!errors);
	CHECK_EQ(machine_umount(sb), 0);
	expect_clean(when);
}

/* ---- contents that can be checked: each 4-byte word says where it is ---- */

static u32 pattern_word(u32 key, u64 pos) { return (u32)(pos >> 2) * 2654435761u ^ key; }
static void fill_pattern(void *buf, u32 key, u64 pos, u32 n)
{
	for (u32 i = 0; i < n; i += 4) {
		u32 w = pattern_word(key, pos + i);
		memcpy((u8 *)buf + i, &w, n - i < 4 ? n - i : 4);
	}
}
static u8 buffer[1 << 20];
static u8 expected[1 << 20];

static bool write_pattern(struct super_block *sb, const char *path, u32 key, u64 pos, u32 n)
{
	struct file *f = t_open(sb, path, O_RDWR | O_CREAT);
	if (IS_ERR(f))
		return false;
	ssize_t done = 0;
	while (n) {
		u32 part = min_t(u32, n, sizeof(buffer));
		fill_pattern(buffer, key, pos, part);
		done = t_pwrite(f, buffer, part, (loff_t)pos);
		if (done != (ssize_t)part)
			break;
		pos += part;
		n -= part;
	}
	t_close(f);
	return !n;
}

static bool check_pattern(struct super_block *sb, const char *path, u32 key, u64 pos, u32 n)
{
	struct file *f = t_open(sb, path, O_RDONLY);
	bool same = !IS_ERR(f);
	while (same && n) {
		u32 part = min_t(u32, n, sizeof(buffer));
		fill_pattern(expected, key, pos, part);
		same = t_pread(f, buffer, part, (loff_t)pos) == (ssize_t)part && !memcmp(buffer, expected, part);
		pos += part;
		n -= part;
	}
	if (!IS_ERR(f))
		t_close(f);
	return same;
}

static bool check_zeros(struct super_block *sb, const char *path, u64 pos, u32 n)
{
	struct file *f = t_open(sb, path, O_RDONLY);
	bool same = !IS_ERR(f) && n <= sizeof(buffer) && t_pread(f, buffer, n, (loff_t)pos) == (ssize_t)n;
	for (u32 i = 0; same && i < n; i++)
		same = !buffer[i];
	if (!IS_ERR(f))
		t_close(f);
	return same;
}

/* ---- tests; each for all block sizes ---- */

static u32 bs; /* of the present round */

static void count_entry(const char *name, u32 len, u64 ino, u32 type, void *arg) { ++*(u32 *)arg; }

static void mount_and_unmount(void)
{
	make_image(16, bs, "");
	struct super_block *sb = mount_image("");
	u32 n = 0;
	CHECK_EQ(sb->blocksize, bs);
	CHECK_EQ(t_readdir(sb, "/", 0, count_entry, &n), 0);
	CHECK_EQ(n, 3);
	struct kstat st;
	CHECK_EQ(t_stat(sb, "/lost+found", &st), 0);
	CHECK(S_ISDIR(st.mode));
	CHECK_EQ(t_stat(sb, "/nothing", &st), -ENOENT);
	unmount(sb, "mount");
}

static void small_tree(void)
{
	static const char long_target[] = "/a/target/that/is/longer/than/the/sixty/bytes/that/fit/into/the/inode/itself";
	char target[4096], out[4096];
	struct kstat st;
	make_image(16, bs, "");
	struct super_block *sb = mount_image("");
	CHECK_EQ(t_mkdir(sb, "/dir", 0755), 0);
	CHECK_EQ(t_mkdir(sb, "/dir", 0755), -EEXIST);
	CHECK_EQ(t_mkdir(sb, "/dir/sub", 0700), 0);
	CHECK(write_pattern(sb, "/dir/file", 1, 0, 10000));
	CHECK_EQ(t_link(sb, "/dir/file", "/dir/sub/hard"), 0);
	CHECK_EQ(t_symlink(sb, "short", "/dir/fast"), 0);
	CHECK_EQ(t_symlink(sb, long_target, "/dir/slow"), 0);
	memset(target, 'x', 59);
	target[59] = 0;
	CHECK_EQ(t_symlink(sb, target, "/dir/59"), 0);
	memset(target, 'y', 60);
	target[60] = 0;
	CHECK_EQ(t_symlink(sb, target, "/dir/60"), 0);
	CHECK_EQ(t_mknod(sb, "/dir/fifo", S_IFIFO | 0600, 0), 0);
	CHECK_EQ(t_mknod(sb, "/dir/tty", S_IFCHR | 0600, MKDEV(4, 64)), 0);
	CHECK_EQ(t_mknod(sb, "/dir/big", S_IFBLK | 0600, MKDEV(259, 70000)), 0);
	CHECK_EQ(t_chown(sb, "/dir/file", 70000, 100001), 0);
	CHECK_EQ(t_chmod(sb, "/dir/file", 06751), 0);
	CHECK_EQ(t_utimes(sb, "/dir/file", (struct timespec_k){ 1000000007, 123456789 }, (struct timespec_k){ 5000000000ll, 987654321 }), 0);
	unmount(sb, "small tree");

	debugfs(out, sizeof(out), "stat /dir/file");
	CHECK(strstr(out, "User: 70000") && strstr(out, "Group: 100001") && strstr(out, "Mode:  06751") && strstr(out, "Links: 2"));
	debugfs(out, sizeof(out), "stat /dir/fast");
	CHECK(strstr(out, "Fast link dest: \"short\""));
	debugfs(out, sizeof(out), "stat /dir/tty");
	CHECK(strstr(out, "04:64"));

	sb = mount_image("");
	CHECK_EQ(t_stat(sb, "/dir/file", &st), 0);
	CHECK_EQ(st.atime.sec, 1000000007);
	CHECK(check_pattern(sb, "/dir/sub/hard", 1, 0, 10000));
	CHECK_EQ(t_readlink(sb, "/dir/slow", target, sizeof(target)), sizeof(long_target) - 1);
	CHECK(!strcmp(target, long_target));
	CHECK_EQ(t_readlink(sb, "/dir/59", target, sizeof(target)), 59);
	CHECK_EQ(t_readlink(sb, "/dir/60", target, sizeof(target)), 60);
	CHECK_EQ(t_readlink(sb, "/dir/fast", target, 5), -ENAMETOOLONG);
	CHECK_EQ(t_stat(sb, "/dir/big", &st), 0);
	CHECK_EQ(st.rdev, MKDEV(259, 70000));
	CHECK_EQ(t_stat(sb, "/dir/file", &st), 0);
	CHECK_EQ(st.mtime.sec, 5000000000ll);
	CHECK_EQ(st.mtime.nsec, 987654321);
	CHECK_EQ(st.nlink, 2);
	CHECK_EQ(t_unlink(sb, "/dir"), -EISDIR);
	CHECK_EQ(t_rmdir(sb, "/dir/sub"), -ENOTEMPTY);
	CHECK_EQ(t_unlink(sb, "/dir/sub/hard"), 0);
	CHECK_EQ(t_rmdir(sb, "/dir/sub"), 0);
	CHECK_EQ(t_stat(sb, "/dir/file", &st), 0);
	CHECK_EQ(st.nlink, 1);
	static const char *const rest[] = { "file", "fast", "slow", "59", "60", "fifo", "tty", "big" };
	for (u32 i = 0; i < ARRAY_SIZE(rest); i++) {
		sprintf(target, "/dir/%s", rest[i]);
		CHECK_EQ(t_unlink(sb, target), 0);
	}
	CHECK_EQ(t_rmdir(sb, "/dir"), 0);
	unmount(sb, "removal of the small tree");
}

static u64 free_blocks(struct super_block *sb)
{
	struct kstatfs st;
	CHECK_EQ(sb->ops->statfs(sb, &st), 0);
	return st.bfree;
}

static void many_files(void)
{
	u32 count = 10000, n;
	char path[64], other[64];
	struct kstat st;
	make_image(64, bs, "-N 12000");
	struct super_block *sb = mount_image("");
	CHECK_EQ(t_mkdir(sb, "/many", 0755), 0);
	for (u32 i = 0; i < count; i++) {
		sprintf(path, "/many/file number %u", i);
		CHECK_EQ(t_create(sb, path, 0644), 0);
		if (i % 100 == 0)
			CHECK(write_pattern(sb, path, i, 0, 2000 + i));
	}
	n = 0;
	CHECK_EQ(t_readdir(sb, "/many", 0, count_entry, &n), 0);
	CHECK_EQ(n, count + 2);
	n = 0;
	CHECK_EQ(t_readdir(sb, "/many", 7, count_entry, &n), 0);
	CHECK_EQ(n, count + 2);
	unmount(sb, "10,000 files");
	sb = mount_image("");
	for (u32 i = 0; i < count / 2; i++) {
		sprintf(path, "/many/file number %u", i * 7919 % (count / 2) * 2 + 1);
		CHECK_EQ(t_unlink(sb, path), 0);
	}
	unmount(sb, "half removed");
	sb = mount_image("");
	for (u32 i = 0; i < count; i++) {
		sprintf(path, "/many/file number %u", i);
		sprintf(other, "/many/%u with quite another name", i * 7919 % 100003);
		if (t_stat(sb, path, &st) == 0)
			CHECK_EQ(t_rename(sb, path, other, 0), 0);
	}
	n = 0;
	CHECK_EQ(t_readdir(sb, "/many", 50, count_entry, &n), 0);
	CHECK_EQ(n, 5000 + 2);
	unmount(sb, "the rest renamed");
	char *out = malloc(1 << 20);
	debugfs(out, 1 << 20, "ls -p /many");
	for (n = 0; strstr(out, "another name"); n++)
		memset(strstr(out, "another name"), '.', 12);
	CHECK_EQ(n, 5000);
	free(out);
	sb = mount_image("");
	for (u32 i = 0; i < count; i++) {
		sprintf(other, "/many/%u with quite another name", i * 7919 % 100003);
		int err = t_unlink(sb, other);
		CHECK(err == 0 || err == -ENOENT);
	}
	CHECK_EQ(t_rmdir(sb, "/many"), 0);
	unmount(sb, "all removed");
}

static void sparse_files(void)
{
	u64 triple = (12 + (u64)bs / 4 + (u64)(bs / 4) * (bs / 4)) * bs;
	u64 offsets[] = { 0, 12ull * bs, (12 + (u64)bs / 4) * bs, triple, triple + 5ull * bs + 17 };
	make_image(32, bs, "");
	struct super_block *sb = mount_image("");
	u64 before = free_blocks(sb);
	for (u32 i = 0; i < ARRAY_SIZE(offsets); i++)
		CHECK(write_pattern(sb, "/sparse", 5, offsets[i] & ~3ull, 3000));
	CHECK(check_zeros(sb, "/sparse", 5ull * bs, 7000));
	CHECK(check_zeros(sb, "/sparse", triple - 70000, 70000));
	unmount(sb, "sparse file");
	sb = mount_image("");
	for (u32 i = 0; i < ARRAY_SIZE(offsets); i++)
		CHECK(check_pattern(sb, "/sparse", 5, offsets[i] & ~3ull, 3000));
	/* Cut it level by level. */
	for (int i = (int)ARRAY_SIZE(offsets) - 1; i >= 0; i--) {
		CHECK_EQ(t_truncate(sb, "/sparse", (loff_t)(offsets[i] & ~3ull) + 1001), 0);
		CHECK(check_pattern(sb, "/sparse", 5, offsets[i] & ~3ull, 1001));
		CHECK_EQ(t_truncate(sb, "/sparse", (loff_t)(offsets[i] & ~3ull) + 200000), 0);
		CHECK(check_zeros(sb, "/sparse", (offsets[i] & ~3ull) + 1001, 150000));
		if (i == 2) {
			unmount(sb, "sparse file cut");
			sb = mount_image("");
		}
	}
	/* 300 MiB with data at three places. */
	CHECK(write_pattern(sb, "/300", 9, 0, 100000));
	CHECK(write_pattern(sb, "/300", 9, 150u << 20, 100000));
	CHECK(write_pattern(sb, "/300", 9, (300u << 20) - 100000, 100000));
	CHECK(check_pattern(sb, "/300", 9, (300u << 20) - 100000, 100000));
	CHECK_EQ(t_unlink(sb, "/300"), 0);
	CHECK_EQ(t_unlink(sb, "/sparse"), 0);
	CHECK_EQ(free_blocks(sb), before);
	unmount(sb, "sparse files removed");
}

static void large_file_feature(void)
{
	char out[4096];
	make_image(16, bs, "-O ^large_file");
	struct super_block *sb = mount_image("");
	CHECK(write_pattern(sb, "/big", 3, 3ull << 30, 4096));
	unmount(sb, "a file past 2 GiB");
	host(out, sizeof(out), "dumpe2fs -h %s 2>/dev/null | grep features", image);
	CHECK(strstr(out, "large_file"));
	sb = mount_image("");
	CHECK(check_pattern(sb, "/big", 3, 3ull << 30, 4096));
	CHECK_EQ(t_truncate(sb, "/big", (loff_t)sb->max_bytes + 1), -EFBIG);
	CHECK_EQ(t_truncate(sb, "/big", (loff_t)sb->max_bytes), 0);
	unmount(sb, "the largest file");
}

static void rename_matrix(void)
{
	char a[64], b[64];
	struct kstat st;
	make_image(16, bs, "");
	struct super_block *sb = mount_image("");
	/* Kinds: 0 nothing, 1 file, 2 empty directory, 3 full directory, 4 symbolic link; into the same or another directory. */
	for (u32 same = 0; same < 2; same++)
		for (u32 from = 1; from < 5; from++)
			for (u32 to = 0; to < 5; to++) {
				CHECK_EQ(t_mkdir(sb, "/x", 0755), 0);
				CHECK_EQ(t_mkdir(sb, "/y", 0755), 0);
				sprintf(a, "/x/from");
				sprintf(b, "/%s/to", same ? "x" : "y");
				for (u32 side = 0; side < 2; side++) {
					const char *path = side ? b : a;
					char in[80];
					u32 kind = side ? to : from;
					sprintf(in, "%s/in", path);
					if (kind == 1)
						CHECK(write_pattern(sb, path, side, 0, 5000));
					if (kind == 2 || kind == 3)
						CHECK_EQ(t_mkdir(sb, path, 0755), 0);
					if (kind == 3)
						CHECK_EQ(t_create(sb, in, 0644), 0);
					if (kind == 4)
						CHECK_EQ(t_symlink(sb, "somewhere", path), 0);
				}
				bool from_dir = from == 2 || from == 3, to_dir = to == 2 || to == 3;
				int want = to == 3 && from_dir ? -ENOTEMPTY : to && from_dir && !to_dir ? -ENOTDIR : to_dir && !from_dir ? -EISDIR : 0;
				if (to)
					CHECK_EQ(t_rename(sb, a, b, 1), want == -ENOTDIR || want == -EISDIR ? want : -EEXIST);
				CHECK_EQ(t_rename(sb, a, b, 0), want);
				CHECK_EQ(t_stat(sb, a, &st), want ? 0 : -ENOENT);
				if (!want)
					CHECK_EQ(t_stat(sb, b, &st), 0);
				CHECK_EQ(t_stat(sb, "/x", &st), 0);
				CHECK_EQ(st.nlink, 2 + (same ? (from_dir || to_dir) + (from_dir && to_dir && want) : want && from_dir));
				if (same && from == 3 && to == 0) {
					unmount(sb, "rename matrix");
					sb = mount_image("");
				}
				static const char *const leftovers[] = { "/x/from/in", "/x/to/in", "/y/to/in", "/x/from", "/x/to", "/y/to" };
				for (u32 i = 0; i < ARRAY_SIZE(leftovers); i++)
					if (t_unlink(sb, leftovers[i]) == -EISDIR)
						CHECK_EQ(t_rmdir(sb, leftovers[i]), 0);
				CHECK_EQ(t_rmdir(sb, "/x"), 0);
				CHECK_EQ(t_rmdir(sb, "/y"), 0);
			}
	CHECK_EQ(t_mkdir(sb, "/p", 0755), 0);
	CHECK_EQ(t_mkdir(sb, "/p/q", 0755), 0);
	CHECK_EQ(t_rename(sb, "/p", "/p/q/r", 0), -EINVAL);
	CHECK_EQ(t_create(sb, "/f", 0644), 0);
	CHECK_EQ(t_link(sb, "/f", "/p/f"), 0);
	CHECK_EQ(t_rename(sb, "/f", "/p/f", 0), 0); /* two names of one file: nothing happens */
	CHECK_EQ(t_stat(sb, "/f", &st), 0);
	CHECK_EQ(t_rename(sb, "/p/q", "/q", 0), 0);
	CHECK_EQ(t_rename(sb, "/p", "/q/p", 0), 0);
	CHECK_EQ(t_stat(sb, "/q/p/f", &st), 0);
	unmount(sb, "renamed directories");
	sb = mount_image("");
	CHECK_EQ(t_stat(sb, "/q/p/f", &st), 0);
	unmount(sb, "looking at it again");
}

static void link_limits(void)
{
	char path[64];
	make_image(64, bs, "-N 33000");
	struct super_block *sb = mount_image("");
	CHECK_EQ(t_create(sb, "/one", 0644), 0);
	CHECK_EQ(t_mkdir(sb, "/names", 0755), 0);
	for (u32 i = 1; i < 32000; i++) {
		sprintf(path, "/names/%u", i);
		if (t_link(sb, "/one", path)) {
			CHECK_EQ(i, -1);
			break;
		}
	}
	CHECK_EQ(t_link(sb, "/one", "/names/x"), -EMLINK);
	unmount(sb, "32,000 links");
}

static void full_disk(void)
{
	char path[64];
	u32 n, made;
	make_image(8, bs, "-m 10");
	struct super_block *sb = mount_image("");
	u64 before = free_blocks(sb), left;
	machine_set_user(1000);
	for (n = 0; n < 1000; n++) {
		sprintf(path, "/f%u", n);
		if (!write_pattern(sb, path, n, 0, 50000))
			break;
	}
	CHECK(n > 10 && n < 1000);
	left = free_blocks(sb);
	CHECK(left >= before / 10 - 20 && left > 0); /* the reserve is root's */
	machine_set_user(0);
	CHECK_EQ(t_mkdir(sb, "/d", 0755), 0);
	for (made = 0; made < 10000; made++) {
		sprintf(path, "/d/g%u", made);
		if (!write_pattern(sb, path, made, 0, 20000))
			break;
	}
	for (u32 i = 0; i < 10 && free_blocks(sb); i++) { /* what is left is too little for an indirect block and data */
		sprintf(path, "/d/h%u", i);
		write_pattern(sb, path, i, 0, 100);
	}
	CHECK_EQ(free_blocks(sb), 0);
	struct file *f = t_open(sb, "/more", O_RDWR | O_CREAT);
	if (!IS_ERR(f)) {
		CHECK_EQ(t_pwrite(f, buffer, 100000, 12345), -ENOSPC);
		CHECK_EQ(f->inode->size, 0);
		CHECK_EQ(f->inode->blocks, 0);
		t_close(f);
	}
	CHECK_EQ(t_mkdir(sb, "/no room", 0755), -ENOSPC);
	memset(path, 'z', 62);
	path[0] = '/';
	path[62] = 0;
	char target[128];
	memset(target, 't', 100);
	target[100] = 0;
	CHECK_EQ(t_symlink(sb, target, path), -ENOSPC);
	unmount(sb, "full disk");
	sb = mount_image("");
	for (u32 i = 0; i < n; i++) {
		sprintf(path, "/f%u", i);
		CHECK(check_pattern(sb, path, i, 0, 50000));
		CHECK_EQ(t_unlink(sb, path), 0);
	}
	sprintf(path, "/f%u", n);
	t_unlink(sb, path);
	for (u32 i = 0; i <= made; i++) {
		sprintf(path, "/d/g%u", i);
		if (i < made)
			CHECK(check_pattern(sb, path, i, 0, 20000));
		t_unlink(sb, path);
	}
	for (u32 i = 0; i < 10; i++) {
		sprintf(path, "/d/h%u", i);
		t_unlink(sb, path);
	}
	t_unlink(sb, "/more");
	CHECK_EQ(t_rmdir(sb, "/d"), 0);
	CHECK_EQ(free_blocks(sb) + sb->root->inode->size / bs, before + 1); /* directories do not shrink */
	unmount(sb, "recovery from a full disk");
	/* Out of inodes. */
	make_image(8, bs, "-N 64");
	sb = mount_image("");
	for (n = 0; n < 1000; n++) {
		sprintf(path, "/i%u", n);
		int err = t_create(sb, path, 0644);
		if (err) {
			CHECK_EQ(err, -ENOSPC);
			break;
		}
	}
	CHECK(n > 20 && n < 1000);
	unmount(sb, "no inodes left");
}

static void open_and_unlinked(void)
{
	make_image(16, bs, "");
	struct super_block *sb = mount_image("");
	u64 before = free_blocks(sb);
	CHECK(write_pattern(sb, "/gone", 7, 0, 500000));
	struct file *f = t_open(sb, "/gone", O_RDWR);
	CHECK_EQ(t_unlink(sb, "/gone"), 0);
	fill_pattern(expected, 7, 0, 500000);
	CHECK_EQ(t_pread(f, buffer, 500000, 0), 500000);
	CHECK(!memcmp(buffer, expected, 500000));
	CHECK_EQ(t_pwrite(f, buffer, 100000, 600000), 100000);
	CHECK(free_blocks(sb) < before);
	t_close(f);
	CHECK_EQ(free_blocks(sb), before);
	unmount(sb, "an unlinked open file");
}

/* In how many runs of neighbouring blocks a file of the root lies. */
static u32 pieces_of(char name)
{
	static const char count[] = "debugfs -R 'blocks /%c' %s 2>/dev/null | tr ' ' '\\n' | "
		"awk 'NF { if ($1 != last + 1) n++; last = $1 } END { print n }'";
	char out[64] = "";
	host(out, sizeof(out), count, name, image);
	return (u32)atoi(out);
}

/* Two writers side by side, then the layout: each file should be in few pieces. */
static void layout(void)
{
	u32 pieces[2] = { 0, 0 };
	make_image(64, bs, "");
	struct super_block *sb = mount_image("");
	struct file *f[2] = { t_open(sb, "/a", O_RDWR | O_CREAT), t_open(sb, "/b", O_RDWR | O_CREAT) };
	for (u32 pos = 0; pos < 8u << 20; pos += 4096)
		for (u32 i = 0; i < 2; i++) {
			fill_pattern(buffer, i, pos, 4096);
			CHECK_EQ(t_pwrite(f[i], buffer, 4096, pos), 4096);
		}
	t_close(f[0]);
	t_close(f[1]);
	CHECK(write_pattern(sb, "/c", 2, 0, 8u << 20));
	disk_counts = (struct disk_counts){ 0 };
	unmount(sb, "two writers");
	CHECK(disk_counts.writes < 1200 * 4096 / bs / 2);
	for (u32 i = 0; i < 2; i++) {
		pieces[i] = pieces_of((char)('a' + i));
	}
	CHECK(pieces[0] < 24u * 4096 / bs && pieces[1] < 24u * 4096 / bs);
	if (pieces[0] >= 24u * 4096 / bs)
		printf("# %u and %u pieces\n", pieces[0], pieces[1]);
	CHECK(pieces_of('c') <= 6);
	sb = mount_image("");
	disk_counts = (struct disk_counts){ 0 };
	CHECK(check_pattern(sb, "/a", 0, 0, 8u << 20));
	CHECK(check_pattern(sb, "/b", 1, 0, 8u << 20));
	CHECK(disk_counts.reads < 700);
	unmount(sb, "reading them");
}

/* Fsync, then the image as it is: e2fsck must find the file whole, whatever else is not written yet. */
static void fsync_is_enough(void)
{
	char out[16384];
	make_image(16, bs, "");
	struct super_block *sb = mount_image("");
	CHECK(write_pattern(sb, "/before", 1, 0, 300000));
	CHECK_EQ(machine_sync(sb), 0);
	struct file *f = t_open(sb, "/before", O_RDWR);
	fill_pattern(buffer, 1, 300000, 700000);
	CHECK_EQ(t_pwrite(f, buffer, 700000, 300000), 700000);
	CHECK_EQ(t_fsync(f, false), 0);
	host(NULL, 0, "cp %s %s.copy", image, image);
	t_close(f);
	unmount(sb, "fsync");
	/* Free counts in the superblock may lag; the file, its blocks and the bitmaps may not. */
	out[0] = 0;
	host(out, sizeof(out), "e2fsck -fn %s.copy 2>&1 | grep -i 'inode\\|bitmap\\|multiply\\|illegal' | "
		"grep -v 'files (\\|Pass\\|Free inodes'", image);
	CHECK(!out[0]);
	if (out[0])
		printf("# %s\n", out);
	host(NULL, 0, "debugfs -R 'dump /before %s.out' %s.copy 2>/dev/null", image, image);
	snprintf(out, sizeof(out), "%s.out", image);
	FILE *p = fopen(out, "r");
	CHECK(p != NULL);
	fill_pattern(expected, 1, 0, 1000000);
	CHECK_EQ(p ? fread(buffer, 1, sizeof(buffer), p) : 0, 1000000);
	CHECK(!memcmp(buffer, expected, 1000000));
	if (p)
		fclose(p);
	host(NULL, 0, "rm -f %s.copy %s.out", image, image);
}

static void sync_is_clean(void)
{
	char out[4096] = "";
	make_image(16, bs, "");
	struct super_block *sb = mount_image("");
	for (u32 i = 0; i < 200; i++) {
		char path[32];
		sprintf(path, "/s%u", i);
		CHECK(write_pattern(sb, path, i, 0, 10000));
		if (i % 3 == 0)
			CHECK_EQ(t_unlink(sb, path), 0);
	}
	CHECK_EQ(machine_sync(sb), 0);
	host(out, sizeof(out), "e2fsck -fn %s 2>&1 | grep -v '^Pass [1-5]\\|^e2fsck \\|files (.*non-contiguous)\\|not cleanly unmounted'", image);
	CHECK(!out[0]);
	if (out[0])
		printf("# %s\n", out);
	unmount(sb, "sync");
}

/* A tree that mke2fs -d made, with a hash-tree directory that e2fsck -D builds: read it, change it. */
static void made_by_others(void)
{
	char path[256], out[4096];
	u32 n = 0;
	snprintf(path, sizeof(path), "%s.tree", image);
	host(NULL, 0, "rm -rf %s; mkdir -p %s/many %s/deep/er/still; cd %s/many && "
		"for i in $(seq 3000); do echo $i > name-that-is-not-short-$i; done; "
		"ln -s ../many ../deep/link; mkfifo ../deep/fifo; echo hello > ../deep/er/still/text", path, path, path, path);
	snprintf(out, sizeof(out), "-d %s", path);
	make_image(64, bs, out);
	host(NULL, 0, "e2fsck -fyD %s >/dev/null 2>&1; rm -rf %s", image, path);
	debugfs(out, sizeof(out), "stat /many");
	CHECK(strstr(out, "Flags: 0x1000"));
	struct super_block *sb = mount_image("");
	CHECK_EQ(t_readdir(sb, "/many", 0, count_entry, &n), 0);
	CHECK_EQ(n, 3002);
	struct file *f = t_open(sb, "/deep/er/still/text", O_RDONLY);
	CHECK(!IS_ERR(f));
	CHECK_EQ(t_pread(f, buffer, 100, 0), 6);
	CHECK(!memcmp(buffer, "hello\n", 6));
	t_close(f);
	CHECK_EQ(t_readlink(sb, "/deep/link", out, sizeof(out)), 7);
	for (u32 i = 1; i <= 3000; i += 3) {
		sprintf(path, "/many/name-that-is-not-short-%u", i);
		CHECK_EQ(t_unlink(sb, path), 0);
		sprintf(path, "/many/new%u", i);
		CHECK_EQ(t_create(sb, path, 0600), 0);
	}
	unmount(sb, "changes in a directory with a hash tree");
	debugfs(out, sizeof(out), "stat /many");
	CHECK(strstr(out, "Flags: 0x0"));
}

/* A shared attribute block is let go with its last owner. */
static void attribute_blocks(void)
{
	make_image(16, bs, "-I 128");
	CHECK_EQ(host(NULL, 0, "cd /tmp; echo data > %s.f; for i in 1 2 3; do debugfs -w -R 'write %s.f file'$i %s; "
		"debugfs -w -R 'ea_set /file'$i' user.colour blue' %s; done >/dev/null 2>&1; rm %s.f", image, image, image, image, image), 0);
	expect_clean("attributes by debugfs");
	struct super_block *sb = mount_image("");
	struct kstat st;
	CHECK_EQ(t_stat(sb, "/file1", &st), 0);
	CHECK(st.blocks >= bs / 512 * 2);
	CHECK_EQ(t_unlink(sb, "/file1"), 0);
	CHECK_EQ(t_truncate(sb, "/file2", 0), 0);
	unmount(sb, "attribute blocks");
}

static void low_memory(void)
{
	make_image(128, bs, "");
	struct super_block *sb = mount_image("");
	for (u32 i = 0; i < 3; i++) {
		char path[32];
		sprintf(path, "/m%u", i);
		CHECK(write_pattern(sb, path, i, 0, 30u << 20));
	}
	for (u32 i = 0; i < 3; i++) {
		char path[32];
		sprintf(path, "/m%u", i);
		CHECK(check_pattern(sb, path, i, 0, 30u << 20));
	}
	unmount(sb, "more data than memory");
}

static void remounting(void)
{
	make_image(16, bs, "");
	struct super_block *sb = mount_image("errors=remount-ro");
	char text[64];
	sb->ops->show_options(sb, text, sizeof(text));
	CHECK(!strcmp(text, ",errors=remount-ro"));
	CHECK_EQ(t_create(sb, "/a", 0644), 0);
	CHECK_EQ(machine_remount(sb, SB_RDONLY, ""), 0);
	expect_clean("remount read-only");
	CHECK_EQ(t_create(sb, "/b", 0644), -EROFS);
	CHECK_EQ(machine_remount(sb, 0, "errors=panic"), 0);
	CHECK_EQ(machine_remount(sb, 0, "errors=whatever"), -EINVAL);
	machine_log_clear();
	CHECK_EQ(t_create(sb, "/b", 0644), 0);
	unmount(sb, "remount read-write");
	CHECK(IS_ERR(machine_mount(image, 0, "nonsense")));
	machine_log_clear();
}

static void features_refused(void)
{
	static const struct { const char *make, *say; bool read_only; } cases[] = {
		{ "-O extents", "extents", false }, { "-O 64bit,extents", "64bit", false }, { "-O flex_bg", "flex_bg", false },
		{ "-O meta_bg,^resize_inode", "meta_bg", false },
		{ "-O inline_data,ext_attr", "inline_data", false }, { "-O mmp", "mmp", false }, { "-O huge_file", "huge_file", true },
		{ "-O extra_isize", "extra_isize", true }, { "-O uninit_bg", "gdt_csum", true }, { "-O metadata_csum", "metadata_csum", true },
	};
	for (u32 i = 0; i < ARRAY_SIZE(cases); i++) {
		make_image(16, bs, cases[i].make);
		machine_log_clear();
		struct super_block *sb = machine_mount(image, 0, "");
		CHECK_EQ(PTR_ERR(sb), cases[i].read_only ? -EROFS : -EINVAL);
		CHECK(machine_log_has(cases[i].say));
		sb = machine_mount(image, SB_RDONLY, "");
		CHECK_EQ(IS_ERR(sb), !cases[i].read_only);
		if (!IS_ERR(sb))
			CHECK_EQ(machine_umount(sb), 0);
	}
	make_image(16, bs, "-r 0");
	machine_log_clear();
	struct super_block *sb = mount_image("");
	CHECK_EQ(t_create(sb, "/old revision", 0644), 0);
	CHECK_EQ(sb->max_bytes, 0x7fffffff);
	unmount(sb, "revision 0");
	host(NULL, 0, "head -c 1M /dev/zero > %s", image);
	CHECK_EQ(PTR_ERR(machine_mount(image, 0, "")), -EINVAL);
	machine_log_clear();
}

/* A bad sector under an inode table, an indirect block and data: EIO to who asked, the rest goes on. */
static void read_errors(void)
{
	char out[256];
	make_image(16, bs, "");
	struct super_block *sb = mount_image("errors=continue");
	CHECK(write_pattern(sb, "/file", 1, 0, 800000));
	unmount(sb, "before errors");
	debugfs(out, sizeof(out), "bmap /file 100");
	u64 data = strtoull(out, NULL, 10) * bs;
	sb = mount_image("errors=continue");
	machine_fail_at(data, false);
	struct file *f = t_open(sb, "/file", O_RDONLY);
	CHECK_EQ(t_pread(f, buffer, 4, 100ll * bs), -EIO);
	fill_pattern(expected, 1, 0, 50 * bs);
	CHECK_EQ(t_pread(f, buffer, 50 * bs, 0), 50 * bs);
	CHECK(!memcmp(buffer, expected, 50 * bs));
	machine_fail_at(~0ull, false);
	CHECK_EQ(t_pread(f, buffer, 4, 100ll * bs), 4);
	t_close(f);
	unmount(sb, "a bad sector");
}

static void random_work(void)
{
	/* A few hundred random operations on a small tree, against a model: which of 40 names exist, what is in them. */
	enum { NAMES = 40 };
	struct { int kind; u32 key; u64 size; } model[NAMES] = { { 0, 0, 0 } };
	char path[64], other[64];
	make_image(160, bs, "");
	struct super_block *sb = mount_image("");
	CHECK_EQ(t_mkdir(sb, "/d0", 0755), 0);
	CHECK_EQ(t_mkdir(sb, "/d1", 0755), 0);
	for (u32 step = 0; step < 1500 * host_test_scale(); step++) {
		u32 i = machine_random() % NAMES, j = machine_random() % NAMES, op = machine_random() % 12;
		sprintf(path, "/d%u/name%u", i & 1, i);
		sprintf(other, "/d%u/name%u", j & 1, j);
		if (op < 4 && model[i].kind == 0) {
			model[i].kind = 1;
			model[i].key = machine_random();
			model[i].size = machine_random() % (op == 0 ? 3000000 : 30000) + 1;
			CHECK(write_pattern(sb, path, model[i].key, 0, (u32)model[i].size));
		} else if (op == 4) {
			CHECK_EQ(t_unlink(sb, path), model[i].kind ? 0 : -ENOENT);
			model[i].kind = 0;
		} else if (op == 5 && model[i].kind && i != j) {
			CHECK_EQ(t_rename(sb, path, other, 0), 0);
			model[j] = model[i];
			model[i].kind = 0;
		} else if (op == 6 && model[i].kind) {
			u64 size = machine_random() % (model[i].size + 1);
			CHECK_EQ(t_truncate(sb, path, (loff_t)size), 0);
			model[i].size = size;
		} else if (op == 7 && model[i].kind) {
			u64 more = machine_random() % 200000;
			u64 from = model[i].size & ~3ull;
			CHECK(write_pattern(sb, path, model[i].key, from, (u32)(model[i].size - from + more)));
			model[i].size += more;
		} else if (op == 8 && machine_random() % 8 == 0) {
			machine_drop_caches();
		} else if (op == 9 && machine_random() % 8 == 0) {
			CHECK_EQ(machine_sync(sb), 0);
		} else if (op == 10 && machine_random() % 40 == 0) {
			unmount(sb, "random work");
			sb = mount_image("");
		} else if (model[i].kind) {
			CHECK(check_pattern(sb, path, model[i].key, 0, (u32)model[i].size));
		}
		if (host_test_bad_checks_) {
			printf("# at step %u, operation %u\n", step, op);
			break;
		}
	}
	unmount(sb, "random work");
}

static void direct_io(void)
{
	u8 *aligned = machine_dma_buffer();
	const u32 size = MACHINE_DMA_PAGES << PAGE_SHIFT;
	make_image(16, bs, "");
	struct super_block *sb = mount_image("");
	struct file *f = t_open(sb, "/direct", O_RDWR | O_CREAT | O_DIRECT);
	fill_pattern(aligned, 4, 0, size);
	CHECK_EQ(t_pwrite(f, aligned, size, 0), size);
	CHECK(check_pattern(sb, "/direct", 4, 0, size));
	memset(aligned, 0, size);
	CHECK_EQ(t_pread(f, aligned, size, 0), size);
	fill_pattern(expected, 4, 0, size);
	CHECK(!memcmp(aligned, expected, size));
	/* Behind a hole, and over what the page cache has. */
	fill_pattern(aligned, 4, 20 * size, size);
	CHECK_EQ(t_pwrite(f, aligned, size, 20 * size), size);
	CHECK(check_zeros(sb, "/direct", size, size));
	fill_pattern(aligned, 8, 0, size);
	CHECK_EQ(t_pwrite(f, aligned, size / 2, 0), size / 2);
	CHECK(check_pattern(sb, "/direct", 8, 0, size / 2));
	CHECK(check_pattern(sb, "/direct", 4, size / 2, size / 2));
	/* Until the disk is full: what was allocated for a write that failed does not stay. */
	for (u64 pos = 21 * size; t_pwrite(f, aligned, size, (loff_t)pos) == (ssize_t)size; pos += size)
		;
	t_close(f);
	unmount(sb, "direct I/O");
}

/* The judge sees what is wrong. */
static void judge_is_awake(void)
{
	int bad = host_test_bad_checks_;
	make_image(16, bs, "");
	host(NULL, 0, "debugfs -w -R 'set_inode_field /lost+found links_count 7' %s >/dev/null 2>&1", image);
	printf("# one complaint is wanted:\n");
	expect_clean("damage");
	CHECK_EQ(host_test_bad_checks_, bad + 1);
	if (host_test_bad_checks_ == bad + 1)
		host_test_bad_checks_ = bad;
}

static const struct { const char *name; void (*test)(void); } tests[] = {
	{ "judge_is_awake", judge_is_awake },
	{ "mount_and_unmount", mount_and_unmount }, { "small_tree", small_tree }, { "sparse_files", sparse_files },
	{ "large_file_feature", large_file_feature },
	{ "rename_matrix", rename_matrix }, { "full_disk", full_disk }, { "open_and_unlinked", open_and_unlinked }, { "layout", layout },
	{ "fsync_is_enough", fsync_is_enough }, { "sync_is_clean", sync_is_clean }, { "made_by_others", made_by_others },
	{ "attribute_blocks", attribute_blocks }, { "low_memory", low_memory }, { "remounting", remounting },
	{ "features_refused", features_refused }, { "read_errors", read_errors }, { "random_work", random_work }, { "direct_io", direct_io },
	{ "many_files", many_files }, { "link_limits", link_limits },
};

int main(int argc, char **argv)
{
	char search[4096];
	char name[64];
	u32 sizes = host_test_scale() > 1 ? 3 : 2;
	snprintf(search, sizeof(search), "%s:/sbin:/usr/sbin", getenv("PATH"));
	setenv("PATH", search, 1); /* mke2fs and the like are not in everybody's */
	snprintf(image, sizeof(image), "/tmp/test_ext2.%d.img", (int)getpid());
	machine_start(8192, host_test_seed());
	machine_show_log(getenv("LOG") != NULL);
	for (u32 t = 0; t < ARRAY_SIZE(tests); t++)
		for (u32 i = 0; i < sizes; i++) {
			if (argc > 1 && strcmp(argv[1], tests[t].name))
				continue;
			bs = block_sizes[i];
			snprintf(name, sizeof(name), "%s_%u", tests[t].name, bs);
			machine_log_clear();
			host_test_one_(name, tests[t].test);
		}
	if (!getenv("KEEP"))
		unlink(image);
	return host_test_end();
}
