/* Bringing the VFS up. */
#include "io/vfs/internal.h"

int vfs_init(void)
{
	dcache_init();
	inode_cache_init();
	mount_init();
	file_init();
	locks_init();
	pipe_init();
	return 0;
}
