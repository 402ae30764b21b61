/* Names of errno values, for messages (%pe). Pure. */
#ifndef KERNEL_LIB_ERRNAME_H
#define KERNEL_LIB_ERRNAME_H

/* "EIO" for 5 (and for -5); NULL for a number that has none. */
const char *errno_name(int error);

#endif
