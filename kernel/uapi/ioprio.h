/* I/O priorities, Linux i386 (include/uapi/linux/ioprio.h): a class in the upper three bits of 16, a level (0 the highest) in the lower ones. */
#ifndef KERNEL_UAPI_IOPRIO_H
#define KERNEL_UAPI_IOPRIO_H

#define IOPRIO_CLASS_SHIFT 13
#define IOPRIO_CLASS_NONE 0u
#define IOPRIO_CLASS_RT 1u
#define IOPRIO_CLASS_BE 2u
#define IOPRIO_CLASS_IDLE 3u
#define IOPRIO_LEVELS 8u
#define IOPRIO_VALUE(class, level) ((class) << IOPRIO_CLASS_SHIFT | (level))
#define IOPRIO_CLASS(value) ((value) >> IOPRIO_CLASS_SHIFT & 7)
#define IOPRIO_LEVEL(value) ((value) & ((1u << IOPRIO_CLASS_SHIFT) - 1))
#define IOPRIO_WHO_PROCESS 1
#define IOPRIO_WHO_PGRP 2
#define IOPRIO_WHO_USER 3

#endif
