/* The names uname(2) and /proc/version tell. Programs look for "Linux" and a release new enough; the version names us. */
#ifndef KERNEL_SYSCALL_UTSNAME_H
#define KERNEL_SYSCALL_UTSNAME_H

#define UTS_SYSNAME "Linux"
#define UTS_RELEASE "6.1.0-sluice"
#define UTS_VERSION "#1 Sluice 0.1"
#define UTS_MACHINE "i686"

#endif
