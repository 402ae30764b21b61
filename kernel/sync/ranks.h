/*
 * The lock order of the kernel: a lock may be taken only when every lock already held has a smaller rank.
 * Two locks of one rank nest only where the _nested form says so (two directories of a rename, parent and child).
 * Debug builds check it at each acquisition.
 */
#ifndef KERNEL_SYNC_RANKS_H
#define KERNEL_SYNC_RANKS_H

enum lock_rank {
	RANK_NONE = 0,     /* not checked: only for tests */
	RANK_FILEPOS,      /* file->pos_lock: a shared file position, held around the whole read or write */
	RANK_EPOLL_NEST,   /* which epoll set watches which */
	RANK_EPOLL,        /* an epoll set, while it asks its files: their drivers take mutexes in poll */
	RANK_PARAM,        /* module parameters, held over a driver's own set and get */
	RANK_CHARDEV,      /* mutexes of Linux-style driver files: held in read and write, also while user memory is faulted in */
	RANK_MOUNT,        /* mount tree changes; rename's cross-directory mutex */
	RANK_REGISTRY,     /* who is registered (input devices): held over what the device model does */
	RANK_INODE,        /* inode->lock: contents of a directory, size of a file */
	RANK_MM,           /* mm->lock: areas and page tables; after the inode, because a write holds its file while its source is faulted in */
	RANK_IPC,          /* identifiers of System V IPC; an area of shared memory is counted under mm->lock */
	RANK_TX,           /* a file system transaction; ext2's allocation mutexes */
	RANK_PAGE,         /* a locked page (bit lock) and a locked buffer */
	RANK_FSMAP,        /* where one file's blocks lie (ext2): taken with its page locked; below it only metadata buffers are read */
	RANK_NET,          /* the TCP/IP stack */
	RANK_OBJECT,       /* sleeping locks of pipes, ttys, devices, files' positions */
	RANK_FLUSHER,      /* lists of dirty inodes */
	RANK_FILES,        /* descriptor tables, fs structs, task lists, signal state: spinlocks from here on */
	RANK_DCACHE,       /* name cache, inode cache */
	RANK_FSALLOC,      /* bits and counters of a disk file system */
	RANK_MAPPING,      /* mapping->lock: page tree of a file; buffers of a page; areas that map it */
	RANK_PTE,          /* mm->table_lock: page table entries; taken under mapping->lock when a file's pages are unmapped */
	RANK_QUEUE,        /* request queue */
	RANK_INPUT,        /* events of an input device: held over its handlers and its driver */
	RANK_DRIVER,       /* a driver's own */
	RANK_BUFFER,       /* buffers between a driver and a process */
	RANK_SIGNAL,       /* signal state of a task */
	RANK_WAITQ,        /* wait queue heads */
	RANK_WORK,         /* work queues: work may be queued from a wake-up's callback */
	RANK_TIMER,        /* timer tree */
	RANK_RUNQ,         /* run queue */
	RANK_ALLOC,        /* slab, page allocator, vmalloc: leaves */
	RANK_LOG,          /* kernel log, trace ring */
	RANK_CONSOLE,      /* what a console's write needs: the very last */
};

#endif
