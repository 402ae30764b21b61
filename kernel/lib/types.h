/* Basic types and compiler helpers of the whole kernel. Pure: also compiled on the host by tests/host. */
#ifndef KERNEL_LIB_TYPES_H
#define KERNEL_LIB_TYPES_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int8_t s8;
typedef int16_t s16;
typedef int32_t s32;
typedef int64_t s64;

#ifdef HOST_TEST
#include <sys/types.h> /* size_t, ssize_t, loff_t, pid_t, dev_t ... of the host */
typedef u64 sector_t;
typedef u32 kdev_t;
typedef u32 phys_addr_t;
typedef u32 pgoff_t;
typedef u16 umode_t;
#else
typedef s32 ssize_t;
typedef s64 loff_t;       /* a position in a file, in bytes */
typedef u64 sector_t;     /* a position on a block device, in 512-byte sectors */
typedef u32 kdev_t;       /* major << 20 | minor, see MKDEV */
typedef u32 phys_addr_t;  /* a physical address */
typedef u32 pgoff_t;      /* a page index inside a file */
typedef u16 umode_t;      /* S_IFMT | permission bits */
typedef s32 pid_t;
typedef u32 uid_t;
typedef u32 gid_t;
typedef s64 time64_t;
#endif

#define MINOR_BITS 20
#define MKDEV(major, minor) (((kdev_t)(major) << MINOR_BITS) | (minor))
#define MAJOR(dev) ((u32)((dev) >> MINOR_BITS))
#define MINOR(dev) ((u32)((dev) & ((1u << MINOR_BITS) - 1)))

#define SECTOR_SHIFT 9
#define SECTOR_SIZE 512u
#define PAGE_SHIFT 12
#ifndef PAGE_SIZE
#define PAGE_SIZE 4096u
#endif
#define PAGE_MASK (~(PAGE_SIZE - 1))

/* A pointer into user memory: only uaccess and iov_iter may follow it. */
#define __user
#define __must_check __attribute__((warn_unused_result))
#define __noreturn __attribute__((noreturn))
#ifdef HOST_TEST
#undef __always_inline /* the C library has its own, which is the same */
#endif
#define __packed __attribute__((packed))
#define __aligned(n) __attribute__((aligned(n)))
#define __printf(f, a) __attribute__((format(printf, f, a)))
#define __unused __attribute__((unused))
#define __always_inline inline __attribute__((always_inline))
#define noinline __attribute__((noinline))
#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)
#define barrier() __asm__ volatile("" ::: "memory")
#define READ_ONCE(x) (*(const volatile __typeof__(x) *)&(x))
#define WRITE_ONCE(x, v) (*(volatile __typeof__(x) *)&(x) = (v))
#define static_assert _Static_assert

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define container_of(ptr, type, member) ((type *)((char *)(ptr)-offsetof(type, member)))
/* Each argument is evaluated once; the names are unique so that the macros nest. */
#define PASTE_(a, b) a##b
#define PASTE(a, b) PASTE_(a, b)
#define PICK_(ta, tb, a, b, op, ua, ub) ({ ta ua = (a); tb ub = (b); ua op ub ? ua : ub; })
#define PICK(ta, tb, a, b, op) PICK_(ta, tb, a, b, op, PASTE(pick_a_, __COUNTER__), PASTE(pick_b_, __COUNTER__))
#define min(a, b) PICK(__typeof__(a), __typeof__(b), a, b, <)
#define max(a, b) PICK(__typeof__(a), __typeof__(b), a, b, >)
#define min_t(t, a, b) PICK(t, t, a, b, <)
#define max_t(t, a, b) PICK(t, t, a, b, >)
#define ALIGN_UP(x, a) (((x) + ((a)-1)) & ~((__typeof__(x))(a)-1))
#define ALIGN_DOWN(x, a) ((x) & ~((__typeof__(x))(a)-1))
#define DIV_ROUND_UP(n, d) (((n) + (d)-1) / (d))
#define PAGE_ALIGN(x) ALIGN_UP(x, PAGE_SIZE)
#define BIT(n) (1u << (n))

#endif
