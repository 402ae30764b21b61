/* Sleeping locks: process context only. They may be held over copy_to_user and copy_from_user. */
#ifndef LINUX_MUTEX_H
#define LINUX_MUTEX_H

#include "kernel/include/sluice/prelude.h"

#define DEFINE_MUTEX(name) DEFINE_MUTEX_RANK(name, RANK_CHARDEV)
#define mutex_init(m) (mutex_init)((m), #m, RANK_CHARDEV)
#define mutex_destroy(m) do { (void)(m); } while (0)
#define mutex_is_locked(m) ((m)->owner != NULL)
#define mutex_lock_killable(m) mutex_lock_interruptible(m)
/* A second mutex of the driver while one is held. */
#define mutex_lock_nested(m, subclass) (mutex_lock_nested)(m)

#endif
