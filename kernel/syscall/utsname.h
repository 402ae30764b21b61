/* The names of the system, as uname(2) and /proc/version show them. */
#ifndef KERNEL_SYSCALL_UTSNAME_H
#define KERNEL_SYSCALL_UTSNAME_H

#define UTS_LEN 65
#define SLUICE_RELEASE "6.1.0-sluice" /* programs look at the number: the ABI is that of Linux 6.1 */
struct utsname {
	char sysname[UTS_LEN], nodename[UTS_LEN], release[UTS_LEN], version[UTS_LEN], machine[UTS_LEN], domainname[UTS_LEN];
};
const struct utsname *system_utsname(void);

#endif
