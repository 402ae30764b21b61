/*
 * ext2 on damaged images: metadata of a small image is changed at random (seeded), then everything is tried on it. Whatever the image
 * says, nothing may crash, hang, leak or touch memory that is not its own; errors are fine.
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

#include <fcntl.h>
#include <sanitizer/common_interface_defs.h>
#include <string.h>
#include <unistd.h>

#include "io/fs/ext2/ext2_fs.h"
#include "mm/alloc.h"
#include "tests/host/fs_machine.h"

#define IMAGE_MIB 4u
#define ROUNDS 150u          /* in the short form */
#define SECONDS_A_ROUND 60u  /* a round takes some milliseconds; this one has hung */

static char image[64];
static u8 original[IMAGE_MIB << 20], damaged[IMAGE_MIB << 20];
static u32 seed, round_nr;

/* A tree with all kinds of inodes and block maps, so that there is something to damage. */
static void make_original(u32 block_size)
{
	char cmd[2048];
	snprintf(cmd, sizeof(cmd),
		"export PATH=$PATH:/sbin:/usr/sbin; t=%s.tree; rm -rf $t %s; mkdir -p $t/a/b/c $t/many; "
		"for i in $(seq 300); do echo $i > $t/many/a-name-of-some-length-$i; done; "
		"head -c 400000 /dev/urandom > $t/a/file; head -c 5000 /dev/urandom > $t/a/b/small; ln $t/a/b/small $t/a/b/c/hard; "
		"ln -s small $t/a/b/fast; ln -s $(printf '%%0200d' 7) $t/a/b/slow; mkfifo $t/a/fifo; "
		"truncate -s 100M $t/a/sparse; "
		"for o in 20 3000 70000; do dd if=/dev/urandom of=$t/a/sparse bs=1k seek=$o count=3 conv=notrunc 2>/dev/null; done; "
		"truncate -s %uM %s; mke2fs -q -F -t ext2 -b %u -N 512 -d $t %s; debugfs -w -R 'ea_set /a/file user.x y' %s >/dev/null 2>&1; rm -rf $t",
		image, image, IMAGE_MIB, image, block_size, image, image);
	CHECK_EQ(system(cmd), 0);
	int fd = open(image, O_RDONLY);
	CHECK_EQ(read(fd, original, sizeof(original)), sizeof(original));
	close(fd);
}

/* A value that is likely to hurt. */
static u32 bad_value(u32 old, u32 blocks)
{
	switch (machine_random() % 9) {
	case 0: return 0;
	case 1: return 0xffffffff;
	case 2: return old + 1;
	case 3: return old - 1;
	case 4: return machine_random() % blocks;
	case 5: return old ^ 1u << machine_random() % 32;
	case 6: return 0x7fffffff + machine_random() % 3;
	case 7: return machine_random() % 600;
	default: return machine_random();
	}
}

static void damage_word(u32 at, u32 size, u32 blocks)
{
	u32 old = 0, value;
	if (at + size > sizeof(damaged))
		return;
	memcpy(&old, damaged + at, size);
	value = bad_value(old, blocks);
	memcpy(damaged + at, &value, size);
}

/* Change something in the superblock, a descriptor, an inode, a directory, an indirect block or a bitmap. */
static void damage_once(void)
{
	const struct ext2_super_block *es = (const struct ext2_super_block *)(original + EXT2_SUPER_OFFSET);
	u32 bs = 1024u << es->s_log_block_size, blocks = es->s_blocks_count, kind = machine_random() % 16;
	const struct ext2_group_desc *gd = (const struct ext2_group_desc *)(original + (es->s_first_data_block + 1) * bs);
	u32 ino = machine_random() % 3 ? 1 + machine_random() % 20 : 1 + machine_random() % 340;
	u32 at = gd->bg_inode_table * bs + (ino - 1) * es->s_inode_size;
	const struct ext2_inode *raw = (const struct ext2_inode *)(original + at);

	switch (kind) {
	case 0: /* superblock */
		damage_word(EXT2_SUPER_OFFSET + machine_random() % 100 * 4, machine_random() % 2 ? 4 : 2, blocks);
		break;
	case 1: /* descriptors */
		damage_word((es->s_first_data_block + 1) * bs + machine_random() % 8 * 4, machine_random() % 2 ? 4 : 2, blocks);
		break;
	case 2: /* bitmaps */
		damage_word((machine_random() % 2 ? gd->bg_block_bitmap : gd->bg_inode_bitmap) * bs + machine_random() % 130 * 4, 4, blocks);
		break;
	case 3: case 4: case 5: /* any field of an inode */
		damage_word(at + machine_random() % 39 * 4, machine_random() % 2 ? 4 : 2, blocks);
		break;
	case 6: case 7: /* block numbers of an inode */
		damage_word(at + 40 + machine_random() % 15 * 4, 4, blocks);
		break;
	case 8: /* swap two inodes' maps */
		memcpy(damaged + at + 40, damaged + gd->bg_inode_table * bs + machine_random() % 20 * es->s_inode_size + 40, 60);
		break;
	case 9: case 10: case 11: case 12: /* inside a block of a directory, or an indirect block */
	default: {
		u32 which = raw->i_mode >> 12 == 4 ? machine_random() % 12 : 12 + machine_random() % 3, block = raw->i_block[which];
		if (block && block < blocks) {
			u32 word = machine_random() % 4 ? machine_random() % 16 : machine_random() % (bs / 4);
			damage_word(block * bs + word * 4, machine_random() % 2 ? 4 : 2, blocks);
			if (machine_random() % 8 == 0) /* a block that contains itself */
				memcpy(damaged + block * bs + machine_random() % (bs / 4) * 4, &block, 4);
		}
		break;
	}
	}
}

/* ---- everything that can be tried ---- */

#define MAX_PATHS 600u
static char paths[MAX_PATHS][256];
static u32 nr_paths;

struct folder { const char *path; };
static void note_name(const char *name, u32 len, u64 ino, u32 type, void *arg)
{
	const char *folder = ((struct folder *)arg)->path;
	if (nr_paths == MAX_PATHS || (len == 1 && name[0] == '.') || (len == 2 && name[0] == '.' && name[1] == '.'))
		return;
	if (memchr(name, '/', len) || memchr(name, 0, len))
		return;
	if (strlen(folder) + len + 2 < sizeof(paths[0]))
		sprintf(paths[nr_paths++], "%s/%.*s", folder, (int)len, name);
}

static u8 data[100000];

static void look_at(struct super_block *sb, const char *path)
{
	char target[4096];
	struct kstat st;
	struct file *f;
	if (t_stat(sb, path, &st))
		return;
	if (S_ISLNK(st.mode))
		(void)t_readlink(sb, path, target, sizeof(target));
	if (!S_ISREG(st.mode))
		return;
	f = t_open(sb, path, O_RDONLY);
	if (IS_ERR(f))
		return;
	(void)t_pread(f, data, sizeof(data), 0);
	for (u32 i = 0; i < 4 && st.size > 0; i++)
		(void)t_pread(f, data, 10000, (loff_t)((u64)machine_random() << 10) % st.size);
	t_close(f);
}

static void change(struct super_block *sb, const char *path)
{
	char other[300];
	struct kstat st;
	struct file *f;
	u32 op = machine_random() % 10;
	const char *another = paths[machine_random() % nr_paths];
	snprintf(other, sizeof(other), "%s.%u", machine_random() % 2 ? path : another, machine_random() % 100);
	if (t_stat(sb, path, &st))
		return;
	switch (op) {
	case 0: case 1:
		(void)t_rename(sb, path, machine_random() % 2 ? other : another, 0);
		break;
	case 2:
		if (t_unlink(sb, path) == -EISDIR)
			(void)t_rmdir(sb, path);
		break;
	case 3:
		(void)t_truncate(sb, path, st.size > 0 ? (loff_t)((u64)machine_random() << 10) % st.size : 1000);
		break;
	case 4:
		(void)t_link(sb, path, other);
		break;
	case 5:
		(void)t_mkdir(sb, other, 0755);
		break;
	case 6:
		(void)t_symlink(sb, "somewhere else", other);
		break;
	case 7:
		(void)t_chown(sb, path, machine_random(), machine_random());
		break;
	default:
		f = t_open(sb, S_ISREG(st.mode) ? path : other, O_RDWR | O_CREAT);
		if (IS_ERR(f))
			break;
		(void)t_pwrite(f, data, machine_random() % sizeof(data), machine_random() % (machine_random() % 4 ? 100000 : 100000000));
		(void)t_fsync(f, false);
		t_close(f);
	}
}

static void try_everything(struct super_block *sb)
{
	struct folder root = { "" };
	nr_paths = 0;
	(void)t_readdir(sb, "/", 0, note_name, &root);
	for (u32 i = 0; i < nr_paths; i++) {
		struct kstat st;
		struct folder folder = { paths[i] };
		if (!t_stat(sb, paths[i], &st) && S_ISDIR(st.mode))
			(void)t_readdir(sb, paths[i], machine_random() % 2 ? 0 : 5, note_name, &folder);
	}
	for (u32 i = 0; i < nr_paths; i += machine_random() % 4 + 1)
		look_at(sb, paths[i]);
	if (!nr_paths)
		return;
	for (u32 i = 0; i < 60; i++)
		change(sb, paths[machine_random() % nr_paths]);
	if (machine_random() % 2)
		(void)machine_sync(sb);
	machine_drop_caches();
	for (u32 i = 0; i < 60; i++)
		change(sb, paths[machine_random() % nr_paths]);
}

static void one_round(void)
{
	struct super_block *sb;
	u32 free_before, n = machine_random() % 6 + 1;
	int fd;

	memcpy(damaged, original, sizeof(damaged));
	for (u32 i = 0; i < n; i++)
		damage_once();
	fd = open(image, O_WRONLY);
	CHECK_EQ(pwrite(fd, damaged, sizeof(damaged), 0), sizeof(damaged));
	close(fd);
	machine_drop_caches();
	free_before = nr_free_pages();
	alarm(SECONDS_A_ROUND);
	sb = machine_mount(image, machine_random() % 8 ? 0 : SB_RDONLY, "errors=continue");
	if (!IS_ERR(sb)) {
		try_everything(sb);
		CHECK_EQ(machine_umount(sb), 0);
	}
	alarm(0);
	CHECK_EQ(nr_free_pages(), free_before);
	machine_log_clear();
}

static void damaged_images(void)
{
	u32 only = getenv("ROUND") ? (u32)atoi(getenv("ROUND")) : ~0u;
	for (round_nr = 0; round_nr < ROUNDS * host_test_scale() && !host_test_bad_checks_; round_nr++) {
		if (only != ~0u && round_nr != only)
			continue;
		machine_seed(seed + round_nr * 2654435761u);
		one_round();
	}
	if (host_test_bad_checks_)
		printf("# in round %u\n", round_nr - 1);
}

static void report_round(void)
{
	char text[64];
	int n = snprintf(text, sizeof(text), "# SEED=%u ROUND=%u\n", seed, round_nr);
	(void)!write(STDOUT_FILENO, text, (size_t)n);
}

int main(void)
{
	static const u32 sizes[] = { 1024, 4096 };
	seed = host_test_seed();
	snprintf(image, sizeof(image), "/tmp/test_ext2_fuzz.%d.img", (int)getpid());
	__sanitizer_set_death_callback(report_round);
	machine_start(8192, seed);
	machine_allow_overlap();
	machine_show_log(getenv("LOG") != NULL);
	for (u32 i = 0; i < ARRAY_SIZE(sizes); i++) {
		char name[64];
		make_original(sizes[i]);
		snprintf(name, sizeof(name), "damaged_images_%u", sizes[i]);
		host_test_one_(name, damaged_images);
	}
	unlink(image);
	return host_test_end();
}
