/* Copies from and to the program: what is not copied is returned, 0 is success. They may sleep; no spinlock may be held. */
#ifndef LINUX_UACCESS_H
#define LINUX_UACCESS_H

#include "kernel/include/sluice/prelude.h"

/* 0 or -EFAULT; x is a variable of the pointer's type or convertible to it. */
#define get_user(x, ptr) ({ \
		__typeof__(*(ptr)) value_; \
		int error_ = copy_from_user(&value_, (ptr), sizeof(value_)) ? -EFAULT : 0; \
		(x) = error_ ? 0 : value_; \
		error_; \
	})
#define put_user(x, ptr) ({ \
		__typeof__(*(ptr)) value_ = (x); \
		copy_to_user((ptr), &value_, sizeof(value_)) ? -EFAULT : 0; \
	})
#define __get_user get_user
#define __put_user put_user

#endif
