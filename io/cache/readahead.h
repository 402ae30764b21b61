/* The one knob of read-ahead (io/contract/mapping.h and page_cache.h have the calls). */
#ifndef IO_CACHE_READAHEAD_H
#define IO_CACHE_READAHEAD_H

#include "kernel/lib/types.h"

extern u32 readahead_default_pages; /* limit of the window of files opened from now on */

#endif
