/* Futexes: sleep on a word of user memory. Process context, may sleep. */
#ifndef KERNEL_SYSCALL_FUTEX_H
#define KERNEL_SYSCALL_FUTEX_H

#include "kernel/lib/types.h"

struct task;
void futex_init(void);
/* Wake up to nr waiters of this word (shared key, then private): for clear_child_tid. */
void futex_wake_addr(u32 __user *addr, u32 nr);
/* The exiting task's robust list: words it still owns are marked and their waiters woken. */
void exit_robust_list(struct task *t);
/* Then its PI futexes, robust or not: the first waiter of each becomes the owner. */
void futex_pi_exit(struct task *t);

#endif
