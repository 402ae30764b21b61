/* The VFS from inside: tmpfs and its limits, names in the cache, the path walk, rename, mounts, pipes, descriptor tables. */
#include "io/vfs/files.h"
#include "io/vfs/internal.h"
#include "io/vfs/namei.h"
#include "io/vfs/pipe.h"
#include "io/vfs/rw.h"
#include "kernel/lib/printf.h"
#include "kernel/sched/signal.h"
#include "mm/alloc.h"
#include "tests/kernel/ktest.h"

#define T "/dev/vfs_test"

/* A tmpfs of its own for a test. */
static bool begin(const char *options)
{
	(void)do_umount(T, MNT_DETACH);
	(void)do_rmdir_at(AT_FDCWD, T);
	return KT_EQUAL(do_mkdir_at(AT_FDCWD, T, 0755), 0) && KT_EQUAL(do_mount("t", T, "tmpfs", 0, options), 0);
}

static void end(void)
{
	KT_EQUAL(do_umount(T, 0), 0);
	KT_EQUAL(do_rmdir_at(AT_FDCWD, T), 0);
}

static int touch(const char *path)
{
	struct file *f = file_open(path, O_CREAT | O_EXCL | O_WRONLY, 0644);
	if (IS_ERR(f))
		return (int)PTR_ERR(f);
	fput(f);
	return 0;
}

/* What kind of thing a path leads to; or -errno. */
static int kind(const char *path, u32 lookup)
{
	struct path p;
	int err = path_lookup_at(AT_FDCWD, path, lookup, &p);
	if (err)
		return err;
	int mode = p.dentry->inode->mode & S_IFMT;
	path_put(&p);
	return mode;
}

KTEST(vfs_tmpfs_data)
{
	u8 *buf = kmalloc(8192, GFP_KERNEL);
	loff_t pos = 5000;

	KT_REQUIRE(begin("size=1m"));
	struct file *f = file_open(T "/f", O_CREAT | O_RDWR, 0600);
	KT_REQUIRE(!IS_ERR(f));
	memset(buf, 7, 8192);
	KT_EQUAL(kernel_write(f, buf, 8192, &pos), 8192);
	KT_EQUAL(inode_size(f->inode), 13192);
	pos = 0;
	KT_EQUAL(kernel_read(f, buf, 6000, &pos), 6000);
	KT_EXPECT(buf[0] == 0 && buf[4999] == 0 && buf[5000] == 7 && buf[5999] == 7);
	KT_EQUAL(vfs_truncate(&f->path, 5001), 0);
	KT_EQUAL(vfs_truncate(&f->path, 6000), 0);
	pos = 5000;
	KT_EQUAL(kernel_read(f, buf, 100, &pos), 100);
	KT_EXPECT(buf[0] == 7 && buf[1] == 0 && buf[99] == 0);
	pos = 6000;
	KT_EQUAL(kernel_read(f, buf, 100, &pos), 0);
	fput(f);
	kfree(buf);
	end();
}

KTEST(vfs_tmpfs_limits)
{
	struct kstatfs st = { 0 };
	struct path p;
	u8 *buf = kzalloc(4096, GFP_KERNEL);
	loff_t pos = 0;

	KT_REQUIRE(begin("size=16k,nr_inodes=3"));
	struct file *f = file_open(T "/a", O_CREAT | O_RDWR, 0600);
	KT_REQUIRE(!IS_ERR(f));
	for (int i = 0; i < 4; i++)
		KT_EQUAL(kernel_write(f, buf, 4096, &pos), 4096);
	KT_EQUAL(kernel_write(f, buf, 1, &pos), -ENOSPC);
	pos = 100;
	KT_EQUAL(kernel_write(f, buf, 4096, &pos), 4096); /* what is there may be written again */
	KT_EQUAL(path_lookup_at(AT_FDCWD, T, 0, &p), 0);
	p.mnt->sb->ops->statfs(p.mnt->sb, &st);
	KT_EQUAL(st.blocks, 4);
	KT_EQUAL(st.bfree, 0);
	KT_EQUAL(vfs_truncate(&f->path, 0), 0);
	p.mnt->sb->ops->statfs(p.mnt->sb, &st);
	KT_EQUAL(st.bfree, 4);
	path_put(&p);
	KT_EQUAL(touch(T "/b"), 0);
	KT_EQUAL(touch(T "/c"), -ENOSPC);
	KT_EQUAL(do_unlink_at(AT_FDCWD, T "/b"), 0);
	KT_EQUAL(touch(T "/c"), 0);
	fput(f);
	kfree(buf);
	end();
}

KTEST(vfs_walk)
{
	KT_REQUIRE(begin(""));
	KT_EQUAL(do_mkdir_at(AT_FDCWD, T "/d", 0755), 0);
	KT_EQUAL(touch(T "/d/f"), 0);
	KT_EQUAL(do_symlink_at("d", AT_FDCWD, T "/s"), 0);
	KT_EQUAL(do_symlink_at("/dev/vfs_test/s/f", AT_FDCWD, T "/abs"), 0);
	KT_EQUAL(do_symlink_at("l2", AT_FDCWD, T "/l1"), 0);
	KT_EQUAL(do_symlink_at("l1", AT_FDCWD, T "/l2"), 0);
	KT_EQUAL(kind(T "/d/../d/./f", 0), S_IFREG);
	KT_EQUAL(kind(T "/s/f", 0), S_IFREG);
	KT_EQUAL(kind(T "/s", 0), S_IFLNK);
	KT_EQUAL(kind(T "/s/", 0), S_IFDIR);
	KT_EQUAL(kind(T "/s", LOOKUP_FOLLOW), S_IFDIR);
	KT_EQUAL(kind(T "/abs", LOOKUP_FOLLOW), S_IFREG);
	KT_EQUAL(kind(T "/l1", LOOKUP_FOLLOW), -ELOOP);
	KT_EQUAL(kind(T "/d/f/", 0), -ENOTDIR);
	KT_EQUAL(kind(T "/d/f/x", 0), -ENOTDIR);
	KT_EQUAL(kind(T "/x/f", 0), -ENOENT);
	KT_EQUAL(kind(T "/..", 0), S_IFDIR);
	KT_EQUAL(kind("", 0), -ENOENT);
	KT_EQUAL(kind(T "/d", LOOKUP_DIRECTORY), S_IFDIR);
	KT_EQUAL(kind(T "/d/f", LOOKUP_DIRECTORY), -ENOTDIR);
	/* 40 links are followed, not 41 */
	for (int i = 0; i < 41; i++) {
		char from[48], to[16];
		ksnprintf(from, sizeof(from), T "/n%d", i);
		ksnprintf(to, sizeof(to), i ? "n%d" : "d", i - 1);
		KT_EQUAL(do_symlink_at(to, AT_FDCWD, from), 0);
	}
	KT_EQUAL(kind(T "/n39", LOOKUP_FOLLOW), S_IFDIR);
	KT_EQUAL(kind(T "/n40", LOOKUP_FOLLOW), -ELOOP);
	end();
}

KTEST(vfs_negative_names)
{
	struct path p;
	KT_REQUIRE(begin(""));
	KT_EQUAL(kind(T "/none", 0), -ENOENT);
	KT_EQUAL(path_lookup_at(AT_FDCWD, T, 0, &p), 0);
	struct dentry *d = d_lookup(p.dentry, "none", 4);
	KT_EXPECT(d && !d->inode); /* that it is not there is remembered */
	dput(d);
	KT_EQUAL(touch(T "/none"), 0);
	struct dentry *made = d_lookup(p.dentry, "none", 4);
	KT_EXPECT(made == d && made->inode);
	dput(made);
	KT_EQUAL(do_unlink_at(AT_FDCWD, T "/none"), 0);
	KT_EQUAL(kind(T "/none", 0), -ENOENT);
	path_put(&p);
	end();
}

KTEST(vfs_many_names)
{
	char name[80];
	bool good = true;
	KT_REQUIRE(begin("nr_inodes=5000"));
	for (int i = 0; i < 3000 && good; i++) {
		ksnprintf(name, sizeof(name), T "/a-name-that-is-longer-than-inline-%d", i);
		good = !touch(name) && kind(name, 0) == S_IFREG;
	}
	KT_EXPECT(good);
	drop_unused_dentries(100000); /* those of a file system in memory must stay */
	u32 found = 0;
	for (int i = 0; i < 3000; i++) {
		ksnprintf(name, sizeof(name), T "/a-name-that-is-longer-than-inline-%d", i);
		found += kind(name, 0) == S_IFREG;
	}
	KT_EQUAL(found, 3000);
	end();
}

KTEST(vfs_rename)
{
	char buf[128];
	KT_REQUIRE(begin(""));
	KT_EQUAL(do_mkdir_at(AT_FDCWD, T "/a", 0755), 0);
	KT_EQUAL(do_mkdir_at(AT_FDCWD, T "/a/b", 0755), 0);
	KT_EQUAL(do_mkdir_at(AT_FDCWD, T "/e", 0755), 0);
	KT_EQUAL(touch(T "/f"), 0);
	KT_EQUAL(do_rename_at(AT_FDCWD, T "/a", AT_FDCWD, T "/a/b/c", 0), -EINVAL);
	KT_EQUAL(do_rename_at(AT_FDCWD, T "/a/b", AT_FDCWD, T "/a", 0), -ENOTEMPTY);
	KT_EQUAL(do_rename_at(AT_FDCWD, T "/f", AT_FDCWD, T "/e", 0), -EISDIR);
	KT_EQUAL(do_rename_at(AT_FDCWD, T "/e", AT_FDCWD, T "/f", 0), -ENOTDIR);
	KT_EQUAL(do_rename_at(AT_FDCWD, T "/f", AT_FDCWD, T "/e", 1), -EEXIST);
	KT_EQUAL(do_rename_at(AT_FDCWD, T "/f", AT_FDCWD, "/dev/vfs_elsewhere", 0), -EXDEV);
	struct file *f = file_open(T "/f", O_RDONLY, 0);
	KT_REQUIRE(!IS_ERR(f));
	KT_EQUAL(do_rename_at(AT_FDCWD, T "/f", AT_FDCWD, T "/a/b/a-much-longer-name-than-fits-inline", 0), 0);
	KT_EXPECT(!strcmp(file_path(f, buf, sizeof(buf)), T "/a/b/a-much-longer-name-than-fits-inline"));
	KT_EQUAL(do_rename_at(AT_FDCWD, T "/a/b", AT_FDCWD, T "/e", 0), 0); /* onto an empty directory */
	KT_EXPECT(!strcmp(file_path(f, buf, sizeof(buf)), T "/e/a-much-longer-name-than-fits-inline"));
	KT_EQUAL(kind(T "/a/b", 0), -ENOENT);
	KT_EQUAL(do_unlink_at(AT_FDCWD, T "/e/a-much-longer-name-than-fits-inline"), 0);
	KT_EXPECT(!strcmp(file_path(f, buf, sizeof(buf)), T "/e/a-much-longer-name-than-fits-inline (deleted)"));
	fput(f);
	end();
}

KTEST(vfs_mounts)
{
	KT_REQUIRE(begin(""));
	KT_EQUAL(do_mkdir_at(AT_FDCWD, T "/m", 0755), 0);
	KT_EQUAL(do_mount("x", T "/m", "tmpfs", MS_RDONLY, ""), 0);
	KT_EQUAL(touch(T "/m/f"), -EROFS);
	KT_EQUAL(do_mount("x", T "/m", "tmpfs", MS_REMOUNT, ""), 0);
	KT_EQUAL(touch(T "/m/f"), 0);
	struct file *f = file_open(T "/m/f", O_RDWR, 0);
	KT_EQUAL(do_umount(T "/m", 0), -EBUSY);
	KT_EQUAL(do_mount("x", T "/m", "tmpfs", MS_REMOUNT | MS_RDONLY, ""), -EBUSY);
	fput(f);
	KT_EQUAL(do_rmdir_at(AT_FDCWD, T "/m"), -EBUSY);
	KT_EQUAL(do_umount(T, 0), -EBUSY);
	KT_EQUAL(do_mount(T "/m", T, "none", MS_BIND, NULL), 0);
	KT_EQUAL(kind(T "/f", 0), S_IFREG); /* the bind covers what was there */
	KT_EQUAL(do_umount(T, 0), 0);
	KT_EQUAL(kind(T "/m/f", 0), S_IFREG);
	KT_EQUAL(do_umount(T "/m", 0), 0);
	KT_EQUAL(kind(T "/m/f", 0), -ENOENT);
	KT_EQUAL(do_umount(T "/m", 0), -EINVAL);
	KT_EQUAL(do_mount("x", T "/m", "nosuchfs", 0, ""), -ENODEV);
	KT_EQUAL(do_mount("x", T "/m", "tmpfs", 0, "bogus=1"), -EINVAL);
	KT_EQUAL(do_mount("/dev/null", T "/m", "ext2", 0, ""), -ENOTBLK);
	end();
}

KTEST(vfs_pipe)
{
	struct file *ends[2];
	char text[16];
	loff_t pos = 0;
	u8 *big = kmalloc(PAGE_SIZE, GFP_KERNEL);

	KT_EQUAL(create_pipe_files(ends, O_NONBLOCK), 0);
	KT_EQUAL(kernel_read(ends[0], text, 4, &pos), -EAGAIN);
	KT_EQUAL(kernel_write(ends[1], "abc", 3, &pos), 3);
	KT_EQUAL(kernel_write(ends[1], "def", 3, &pos), 3);
	KT_EQUAL(pipe_used(file_pipe(ends[1])), 1); /* small writes share a page */
	KT_EQUAL(kernel_read(ends[0], text, 4, &pos), 4);
	KT_EXPECT(!memcmp(text, "abcd", 4));
	KT_EQUAL(kernel_read(ends[0], text, 16, &pos), 2);
	memset(big, 'x', PAGE_SIZE);
	u32 n = 0;
	while (kernel_write(ends[1], big, PAGE_SIZE, &pos) == (ssize_t)PAGE_SIZE)
		n++;
	KT_EQUAL(n, PIPE_DEFAULT_SLOTS);
	KT_EQUAL(ends[1]->ops->poll(ends[1], NULL) & POLLOUT, 0);
	KT_EQUAL(ends[0]->ops->poll(ends[0], NULL) & (POLLIN | POLLHUP), POLLIN);
	KT_EQUAL(kernel_read(ends[0], big, PAGE_SIZE, &pos), PAGE_SIZE);
	KT_EQUAL(kernel_write(ends[1], big, 2, &pos), 2);
	KT_EQUAL(kernel_write(ends[1], big, PAGE_SIZE, &pos), -EAGAIN); /* not even in part: a page's worth is atomic */
	fput(ends[1]);
	KT_EQUAL(ends[0]->ops->poll(ends[0], NULL) & POLLHUP, POLLHUP);
	for (n = 0; kernel_read(ends[0], big, PAGE_SIZE, &pos) > 0; n++)
		;
	KT_EQUAL(n, PIPE_DEFAULT_SLOTS);
	fput(ends[0]);
	kfree(big);
}

/* What a splice has reserved is kept from writers, and through a change of the size. */
KTEST(vfs_pipe_reserve)
{
	struct file *ends[2];
	loff_t pos = 0;
	u8 *big = kmalloc(PAGE_SIZE, GFP_KERNEL);
	struct page *page = alloc_page(GFP_KERNEL | GFP_ZERO);
	u32 n = 0;

	KT_EQUAL(create_pipe_files(ends, O_NONBLOCK), 0);
	struct pipe *p = file_pipe(ends[1]);
	KT_EQUAL(pipe_reserve(p, true), 0);
	memset(big, 'x', PAGE_SIZE);
	while (kernel_write(ends[1], big, PAGE_SIZE, &pos) == (ssize_t)PAGE_SIZE)
		n++;
	KT_EQUAL(n, PIPE_DEFAULT_SLOTS - 1);
	KT_EQUAL(pipe_reserve(p, true), -EAGAIN);
	KT_EQUAL(pipe_fcntl(ends[1], F_SETPIPE_SZ, 8 * PAGE_SIZE), -EBUSY);
	for (n = 0; n < 8; n++)
		KT_EQUAL(kernel_read(ends[0], big, PAGE_SIZE, &pos), PAGE_SIZE);
	KT_EQUAL(pipe_fcntl(ends[1], F_SETPIPE_SZ, 8 * PAGE_SIZE), 8 * PAGE_SIZE);
	KT_EQUAL(kernel_write(ends[1], big, 1, &pos), -EAGAIN);
	KT_EQUAL(pipe_fill_reserved(p, page, 0, 5), 0);
	KT_EQUAL(pipe_used(p), 8);
	KT_EQUAL(kernel_read(ends[0], big, PAGE_SIZE, &pos), PAGE_SIZE);
	KT_EQUAL(pipe_reserve(p, true), 0);
	KT_EXPECT(pipe_full(p));
	pipe_unreserve(p);
	KT_EXPECT(!pipe_full(p));
	fput(ends[1]);
	for (n = 0; kernel_read(ends[0], big, PAGE_SIZE, &pos) == (ssize_t)PAGE_SIZE; n++)
		;
	KT_EQUAL(n, 6);
	KT_EXPECT(!big[0] && !big[4] && big[5] == 'x'); /* the last were the page's */
	fput(ends[0]);
	kfree(big);
}

static u32 found_room;

static int room_waiter(void *pipe)
{
	if (!pipe_wait_room(pipe, false))
		found_room++;
	while (!kthread_should_stop())
		sleep_ms(1);
	return 0;
}

/* One read makes room for two who wait, and wakes one of them. */
KTEST(vfs_pipe_room_for_two)
{
	struct file *ends[2];
	struct task *t[2];
	loff_t pos = 0;
	u32 size = PIPE_DEFAULT_SLOTS * PAGE_SIZE;
	u8 *big = kmalloc(size, GFP_KERNEL | GFP_ZERO);

	found_room = 0;
	KT_EQUAL(create_pipe_files(ends, O_NONBLOCK), 0);
	KT_EQUAL(kernel_write(ends[1], big, size, &pos), size);
	for (u32 i = 0; i < 2; i++) {
		t[i] = kthread_run(room_waiter, file_pipe(ends[1]), "room_waiter");
		KT_REQUIRE(!IS_ERR(t[i]));
		while (READ_ONCE(t[i]->state) != TASK_INTERRUPTIBLE)
			sleep_ms(1);
	}
	KT_EQUAL(kernel_read(ends[0], big, size, &pos), size);
	for (u32 i = 0; i < 1000 && READ_ONCE(found_room) < 2; i++)
		sleep_ms(10);
	KT_EQUAL(found_room, 2);
	KT_EQUAL(kthread_stop(t[0]), 0);
	KT_EQUAL(kthread_stop(t[1]), 0);
	fput(ends[1]);
	fput(ends[0]);
	kfree(big);
}

static int pipe_reader(void *arg)
{
	struct file *r = arg;
	u8 *buf = kmalloc(3000, GFP_KERNEL);
	loff_t pos = 0;
	u32 next = 0;
	ssize_t n;
	while ((n = kernel_read(r, buf, 3000, &pos)) > 0)
		for (ssize_t i = 0; i < n; i++)
			if (buf[i] != (u8)(next++ * 7))
				next = 0x80000000u;
	kfree(buf);
	fput(r);
	return (int)next;
}

KTEST(vfs_pipe_stream)
{
	struct file *ends[2];
	loff_t pos = 0;
	u32 sent = 0;
	u8 *buf = kmalloc(5000, GFP_KERNEL);

	KT_EQUAL(create_pipe_files(ends, 0), 0);
	struct task *t = kthread_run(pipe_reader, ends[0], "pipe_reader");
	KT_REQUIRE(!IS_ERR(t));
	for (u32 round = 0; round < 200; round++) {
		u32 n = 1 + (round * 797) % 5000;
		for (u32 i = 0; i < n; i++)
			buf[i] = (u8)((sent + i) * 7);
		ssize_t w = kernel_write(ends[1], buf, n, &pos);
		KT_EQUAL(w, n);
		sent += n;
	}
	fput(ends[1]);
	KT_EQUAL(kthread_stop(t), sent);
	kfree(buf);
}

KTEST(vfs_descriptors)
{
	struct files *own = files_create(), *before;
	KT_REQUIRE(!IS_ERR(own));
	struct rlimit_k *limit = &current->signal->rlim[RLIMIT_NOFILE], saved = *limit;
	struct file *f = file_open("/dev/null", O_RDWR, 0);
	KT_REQUIRE(!IS_ERR(f));
	before = files_replace(own);
	limit->cur = 100;
	for (int i = 0; i < 100; i++) {
		int fd = get_unused_fd(i & 1 ? O_CLOEXEC : 0, 0);
		if (!KT_EQUAL(fd, i))
			break;
		fd_install(fd, get_file(f));
	}
	KT_EQUAL(get_unused_fd(0, 0), -EMFILE);
	KT_EQUAL(close_fd(40), 0);
	KT_EQUAL(close_fd(40), -EBADF);
	KT_EQUAL(close_fd(7), 0);
	KT_EQUAL(dup_file_fd(f, 10, 0), 40);
	KT_EQUAL(dup_file_fd(f, 0, 0), 7);
	KT_EQUAL(dup_file_fd(f, 100, 0), -EINVAL);
	KT_EQUAL(replace_fd(100, f, 0), -EBADF);
	KT_EQUAL(replace_fd(5, f, 0), 5);
	KT_EXPECT(fget(1000000) == NULL);
	KT_EXPECT(fget(-1) == NULL);
	struct files *copy = files_dup(own);
	KT_REQUIRE(!IS_ERR(copy));
	KT_EXPECT(copy->fd[99] == f && copy->fd != own->fd);
	files_put(copy);
	files_close_on_exec(own);
	u32 open = 0;
	for (u32 fd = 0; fd < own->max; fd++)
		open += own->fd[fd] != NULL;
	KT_EQUAL(open, 52); /* the even ones, and 5 and 7, which came back without the flag */
	files_put(files_replace(before));
	KT_EQUAL(atomic_read(&f->refs), 1);
	fput(f);
	*limit = saved;
}

KTEST(vfs_device_nodes)
{
	loff_t pos = 0;
	char c[4] = "abc";
	struct file *f = file_open("/dev/zero", O_RDWR, 0);
	KT_REQUIRE(!IS_ERR(f));
	KT_EQUAL(kernel_read(f, c, 4, &pos), 4);
	KT_EXPECT(!c[0] && !c[3]);
	fput(f);
	f = file_open("/dev/full", O_RDWR, 0);
	KT_REQUIRE(!IS_ERR(f));
	KT_EQUAL(kernel_write(f, c, 4, &pos), -ENOSPC);
	fput(f);
	KT_EQUAL(do_mknod_at(AT_FDCWD, "/dev/vfs_nodev", S_IFCHR | 0600, MKDEV(250, 1)), 0);
	KT_EQUAL(PTR_ERR(file_open("/dev/vfs_nodev", O_RDWR, 0)), -ENXIO);
	KT_EQUAL(do_unlink_at(AT_FDCWD, "/dev/vfs_nodev"), 0);
}
