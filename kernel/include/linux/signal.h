/* See linux/sched.h. */
#include <linux/sched.h>
