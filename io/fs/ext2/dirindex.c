/*
 * An index of a directory's names in memory: hash of the name -> offset of its entry, and how much room each block has. Made when a
 * directory of more than one block has been searched a few times from end to end, kept up by every change, dropped with the inode or
 * whenever memory for it is short; then searches are linear again. Open addressing with linear probing over pages of slots, so that no
 * allocation is larger than a page or so. The directory's inode lock guards it.
 */
#include "io/fs/ext2/ext2.h"
#include "mm/alloc.h"

#define SCANS_BEFORE_INDEX 4u
#define SLOT_BITS 9u                      /* slots of a page: 512 of 8 bytes */
#define MAX_BITS 20u                      /* about 780,000 names in 8 MiB; beyond, searches are linear */
#define POS_EMPTY (~0u)
#define POS_DELETED (~0u - 1)             /* offsets are multiples of 4 */

struct slot { u32 hash, pos; };
static_assert(sizeof(struct slot) << SLOT_BITS == PAGE_SIZE, "slots fill a page");

struct ext2_dir_index {
	u32 bits;            /* log2 of the number of slots */
	u32 used, deleted;   /* slots */
	struct slot **pages;
	u16 *room;           /* per block: the largest gap is at most this many bytes */
	u32 nblocks, room_capacity;
};

u32 ext2_name_hash(const char *name, u32 len)
{
	u32 h = len * 0x9E3779B1u, w;

	for (; len >= 4; len -= 4, name += 4) {
		__builtin_memcpy(&w, name, 4); /* one load */
		h = (h ^ w) * 0x85EBCA6Bu;
		h ^= h >> 15;
	}
	for (w = 0; len; len--)
		w = w << 8 | (u8)name[len - 1];
	h = (h ^ w) * 0xC2B2AE35u;
	return h ^ h >> 16;
}

static inline struct slot *slot_at(struct slot **pages, u32 i) { return &pages[i >> SLOT_BITS][i & ((1u << SLOT_BITS) - 1)]; }

static void free_pages_of(struct slot **pages, u32 bits)
{
	u32 i, n = 1u << (bits - SLOT_BITS);

	for (i = 0; pages && i < n; i++)
		if (pages[i])
			free_page(pages[i]);
	kfree(pages);
}

static struct slot **alloc_pages_of(u32 bits)
{
	u32 i, n = 1u << (bits - SLOT_BITS);
	struct slot **pages = kzalloc(n * sizeof(*pages), GFP_NOFS | GFP_NOWARN);

	for (i = 0; pages && i < n; i++) {
		pages[i] = get_free_page(GFP_NOFS | GFP_NOWARN);
		if (!pages[i]) {
			free_pages_of(pages, bits);
			return NULL;
		}
		memset(pages[i], 0xff, PAGE_SIZE); /* POS_EMPTY */
	}
	return pages;
}

static void put_slot(struct slot **pages, u32 bits, u32 hash, u32 pos)
{
	u32 mask = (1u << bits) - 1, i = hash & mask;

	while (slot_at(pages, i)->pos < POS_DELETED)
		i = (i + 1) & mask;
	*slot_at(pages, i) = (struct slot){ .hash = hash, .pos = pos };
}

/* Make the table large enough for one more name. */
static bool make_room(struct ext2_dir_index *x)
{
	u32 bits = x->bits, i;
	struct slot **pages;

	if ((x->used + x->deleted + 1) * 4 <= 3u << bits)
		return true;
	if (x->used * 2 > 1u << bits)
		bits++;
	pages = bits <= MAX_BITS ? alloc_pages_of(bits) : NULL;
	if (!pages)
		return false;
	for (i = 0; i < 1u << x->bits; i++) {
		const struct slot *s = slot_at(x->pages, i);
		if (s->pos < POS_DELETED)
			put_slot(pages, bits, s->hash, s->pos);
	}
	free_pages_of(x->pages, x->bits);
	x->pages = pages;
	x->bits = bits;
	x->deleted = 0;
	return true;
}

static bool add_name(struct ext2_dir_index *x, u32 hash, u32 pos)
{
	if (!make_room(x))
		return false;
	put_slot(x->pages, x->bits, hash, pos); /* may reuse a deleted slot; then `deleted` counts one too many until the next rehash */
	x->used++;
	return true;
}

static bool set_room(struct ext2_dir_index *x, u32 iblock, u32 room)
{
	if (iblock >= x->room_capacity) {
		u32 capacity = max(2 * x->room_capacity, iblock + 16);
		u16 *bigger = kzalloc(capacity * sizeof(u16), GFP_NOFS | GFP_NOWARN);
		if (!bigger)
			return false;
		if (x->room)
			memcpy(bigger, x->room, x->nblocks * sizeof(u16));
		kfree(x->room);
		x->room = bigger;
		x->room_capacity = capacity;
	}
	x->room[iblock] = (u16)room;
	x->nblocks = max(x->nblocks, iblock + 1);
	return true;
}

static void free_index(struct ext2_dir_index *x)
{
	free_pages_of(x->pages, x->bits);
	kfree(x->room);
	kfree(x);
}

void ext2_dir_index_drop(struct inode *dir)
{
	struct ext2_inode_info *ei = EXT2_I(dir);

	if (ei->index)
		free_index(ei->index);
	ei->index = NULL;
}

/* Memory is short or the directory too large: go on without. */
static void give_up(struct inode *dir)
{
	ext2_dir_index_drop(dir);
	EXT2_I(dir)->state |= EXT2_STATE_NO_INDEX;
}

/* Enter one block. false: no memory or a damaged block (which the linear search will report to the caller). */
static bool index_block(struct inode *dir, struct ext2_dir_index *x, u32 iblock)
{
	u32 offset, size = dir->sb->blocksize, base = iblock << dir->sb->blocksize_bits, room, largest = 0;
	struct buffer_head *bh;
	bool good = true;
	int err;

	bh = ext2_dir_block(dir, iblock, &err);
	if (!bh)
		return false;
	for (offset = 0; good && offset < size;) {
		const struct ext2_dir_entry *de = (const struct ext2_dir_entry *)(bh->data + offset);
		good = ext2_check_entry(dir, de, base + offset);
		if (!good)
			break;
		if (de->inode)
			good = add_name(x, ext2_name_hash(de->name, de->name_len), base + offset);
		room = de->inode ? de->rec_len - EXT2_DIR_REC_LEN(de->name_len) : de->rec_len;
		largest = max(largest, room);
		offset += de->rec_len;
	}
	brelse(bh);
	return good && set_room(x, iblock, largest);
}

static struct ext2_dir_index *build(struct inode *dir)
{
	struct ext2_dir_index *x = kzalloc(sizeof(*x), GFP_NOFS | GFP_NOWARN);
	u32 i, nblocks = ext2_dir_blocks(dir);

	if (!x)
		return NULL;
	x->bits = SLOT_BITS;
	x->pages = alloc_pages_of(x->bits);
	for (i = 0; x->pages && i < nblocks; i++)
		if (!index_block(dir, x, i))
			break;
	if (!x->pages || i < nblocks) {
		free_index(x);
		return NULL;
	}
	return x;
}

struct ext2_dir_index *ext2_dir_index_get(struct inode *dir)
{
	struct ext2_inode_info *ei = EXT2_I(dir);

	if (ei->index || (ei->state & EXT2_STATE_NO_INDEX))
		return ei->index;
	if (ext2_dir_blocks(dir) < 2 || ++ei->scans < SCANS_BEFORE_INDEX)
		return NULL;
	ei->index = build(dir);
	if (!ei->index)
		ei->state |= EXT2_STATE_NO_INDEX;
	return ei->index;
}

u32 ext2_dir_index_next(struct ext2_dir_index *x, u32 hash, u32 *iter)
{
	u32 mask = (1u << x->bits) - 1;

	while (*iter <= mask) { /* there is always an empty slot; the bound is for a table somebody broke */
		const struct slot *s = slot_at(x->pages, (hash + *iter) & mask);
		if (s->pos == POS_EMPTY)
			break;
		++*iter;
		if (s->hash == hash && s->pos != POS_DELETED)
			return s->pos;
	}
	return ~0u;
}

void ext2_dir_index_add(struct inode *dir, u32 hash, u32 pos)
{
	struct ext2_dir_index *x = EXT2_I(dir)->index;

	if (x && !add_name(x, hash, pos))
		give_up(dir);
}

void ext2_dir_index_remove(struct inode *dir, u32 hash, u32 pos)
{
	struct ext2_dir_index *x = EXT2_I(dir)->index;
	u32 i, n, mask;

	if (!x)
		return;
	mask = (1u << x->bits) - 1;
	for (i = hash & mask, n = 0; n <= mask; i = (i + 1) & mask, n++) {
		struct slot *s = slot_at(x->pages, i);
		if (s->pos == POS_EMPTY)
			break;
		if (s->pos == pos && s->hash == hash) {
			s->pos = POS_DELETED;
			x->used--;
			x->deleted++;
			return;
		}
	}
	give_up(dir); /* it should have been there: the directory changed behind our back */
}

u32 ext2_dir_index_room(struct ext2_dir_index *x, u32 need, u32 from)
{
	while (from < x->nblocks && x->room[from] < need)
		from++;
	return from < x->nblocks ? from : ~0u;
}

void ext2_dir_index_set_room(struct inode *dir, u32 iblock, u32 room)
{
	struct ext2_dir_index *x = EXT2_I(dir)->index;

	if (x && !set_room(x, iblock, room))
		give_up(dir);
}

void ext2_dir_index_raise_room(struct inode *dir, u32 iblock, u32 room)
{
	struct ext2_dir_index *x = EXT2_I(dir)->index;

	if (x && iblock < x->nblocks && x->room[iblock] < room)
		x->room[iblock] = (u16)room;
}
