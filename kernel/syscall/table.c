/*
 * The system call table of Linux i386, every number with its name. S: implemented by a function, declared here by name only, because the
 * parts of the kernel keep their prototypes in headers of their own. N: known by name, answered with -ENOSYS and a line in the log.
 * The first calls had 16-bit user ids and narrower structures; their thin forms stand beside the implementations.
 */
#include "kernel/syscall/syscall.h"

#define SYSCALL_LIST(S, N) \
	S(0, restart_syscall, sys_restart_syscall) \
	S(1, exit, sys_exit) \
	S(2, fork, sys_fork) \
	S(3, read, sys_read) \
	S(4, write, sys_write) \
	S(5, open, sys_open) \
	S(6, close, sys_close) \
	S(7, waitpid, sys_waitpid) \
	S(8, creat, sys_creat) \
	S(9, link, sys_link) \
	S(10, unlink, sys_unlink) \
	S(11, execve, sys_execve) \
	S(12, chdir, sys_chdir) \
	S(13, time, sys_time) \
	S(14, mknod, sys_mknod) \
	S(15, chmod, sys_chmod) \
	S(16, lchown, sys_lchown16) \
	N(17, break) \
	S(18, oldstat, sys_oldstat) \
	S(19, lseek, sys_lseek) \
	S(20, getpid, sys_getpid) \
	S(21, mount, sys_mount) \
	S(22, umount, sys_oldumount) \
	S(23, setuid, sys_setuid16) \
	S(24, getuid, sys_getuid16) \
	S(25, stime, sys_stime) \
	N(26, ptrace) \
	S(27, alarm, sys_alarm) \
	S(28, oldfstat, sys_oldfstat) \
	S(29, pause, sys_pause) \
	S(30, utime, sys_utime) \
	N(31, stty) \
	N(32, gtty) \
	S(33, access, sys_access) \
	S(34, nice, sys_nice) \
	N(35, ftime) \
	S(36, sync, sys_sync) \
	S(37, kill, sys_kill) \
	S(38, rename, sys_rename) \
	S(39, mkdir, sys_mkdir) \
	S(40, rmdir, sys_rmdir) \
	S(41, dup, sys_dup) \
	S(42, pipe, sys_pipe) \
	S(43, times, sys_times) \
	N(44, prof) \
	S(45, brk, sys_brk) \
	S(46, setgid, sys_setgid16) \
	S(47, getgid, sys_getgid16) \
	S(48, signal, sys_signal) \
	S(49, geteuid, sys_geteuid16) \
	S(50, getegid, sys_getegid16) \
	N(51, acct) \
	S(52, umount2, sys_umount) \
	N(53, lock) \
	S(54, ioctl, sys_ioctl) \
	S(55, fcntl, sys_fcntl) \
	N(56, mpx) \
	S(57, setpgid, sys_setpgid) \
	N(58, ulimit) \
	S(59, oldolduname, sys_oldolduname) \
	S(60, umask, sys_umask) \
	S(61, chroot, sys_chroot) \
	S(62, ustat, sys_ustat) \
	S(63, dup2, sys_dup2) \
	S(64, getppid, sys_getppid) \
	S(65, getpgrp, sys_getpgrp) \
	S(66, setsid, sys_setsid) \
	S(67, sigaction, sys_sigaction) \
	N(68, sgetmask) \
	N(69, ssetmask) \
	S(70, setreuid, sys_setreuid16) \
	S(71, setregid, sys_setregid16) \
	S(72, sigsuspend, sys_sigsuspend) \
	S(73, sigpending, sys_sigpending) \
	S(74, sethostname, sys_sethostname) \
	S(75, setrlimit, sys_setrlimit) \
	S(76, getrlimit, sys_old_getrlimit) \
	S(77, getrusage, sys_getrusage) \
	S(78, gettimeofday, sys_gettimeofday) \
	S(79, settimeofday, sys_settimeofday) \
	S(80, getgroups, sys_getgroups16) \
	S(81, setgroups, sys_setgroups16) \
	S(82, select, sys_old_select) \
	S(83, symlink, sys_symlink) \
	S(84, oldlstat, sys_oldlstat) \
	S(85, readlink, sys_readlink) \
	N(86, uselib) \
	N(87, swapon) \
	S(88, reboot, sys_reboot) \
	S(89, readdir, sys_old_readdir) \
	S(90, mmap, sys_mmap) \
	S(91, munmap, sys_munmap) \
	S(92, truncate, sys_truncate) \
	S(93, ftruncate, sys_ftruncate) \
	S(94, fchmod, sys_fchmod) \
	S(95, fchown, sys_fchown16) \
	S(96, getpriority, sys_getpriority) \
	S(97, setpriority, sys_setpriority) \
	N(98, profil) \
	S(99, statfs, sys_statfs) \
	S(100, fstatfs, sys_fstatfs) \
	N(101, ioperm) \
	S(102, socketcall, sys_socketcall) \
	S(103, syslog, sys_syslog) \
	S(104, setitimer, sys_setitimer) \
	S(105, getitimer, sys_getitimer) \
	S(106, stat, sys_stat) \
	S(107, lstat, sys_lstat) \
	S(108, fstat, sys_fstat) \
	S(109, olduname, sys_olduname) \
	N(110, iopl) \
	S(111, vhangup, sys_vhangup) \
	N(112, idle) \
	N(113, vm86old) \
	S(114, wait4, sys_wait4) \
	N(115, swapoff) \
	S(116, sysinfo, sys_sysinfo) \
	S(117, ipc, sys_ipc) \
	S(118, fsync, sys_fsync) \
	S(119, sigreturn, sys_sigreturn) \
	S(120, clone, sys_clone) \
	S(121, setdomainname, sys_setdomainname) \
	S(122, uname, sys_newuname) \
	S(123, modify_ldt, sys_unsupported) \
	N(124, adjtimex) \
	S(125, mprotect, sys_mprotect) \
	S(126, sigprocmask, sys_sigprocmask) \
	N(127, create_module) \
	S(128, init_module, sys_init_module) \
	S(129, delete_module, sys_delete_module) \
	N(130, get_kernel_syms) \
	N(131, quotactl) \
	S(132, getpgid, sys_getpgid) \
	S(133, fchdir, sys_fchdir) \
	N(134, bdflush) \
	N(135, sysfs) \
	S(136, personality, sys_personality) \
	N(137, afs_syscall) \
	S(138, setfsuid, sys_setfsuid16) \
	S(139, setfsgid, sys_setfsgid16) \
	S(140, _llseek, sys_llseek) \
	S(141, getdents, sys_getdents) \
	S(142, _newselect, sys_select) \
	S(143, flock, sys_flock) \
	S(144, msync, sys_msync) \
	S(145, readv, sys_readv) \
	S(146, writev, sys_writev) \
	S(147, getsid, sys_getsid) \
	S(148, fdatasync, sys_fdatasync) \
	N(149, _sysctl) \
	S(150, mlock, sys_mlock) \
	S(151, munlock, sys_munlock) \
	S(152, mlockall, sys_mlockall) \
	S(153, munlockall, sys_munlockall) \
	S(154, sched_setparam, sys_sched_setparam) \
	S(155, sched_getparam, sys_sched_getparam) \
	S(156, sched_setscheduler, sys_sched_setscheduler) \
	S(157, sched_getscheduler, sys_sched_getscheduler) \
	S(158, sched_yield, sys_sched_yield) \
	S(159, sched_get_priority_max, sys_sched_get_priority_max) \
	S(160, sched_get_priority_min, sys_sched_get_priority_min) \
	S(161, sched_rr_get_interval, sys_sched_rr_get_interval) \
	S(162, nanosleep, sys_nanosleep) \
	S(163, mremap, sys_mremap) \
	S(164, setresuid, sys_setresuid16) \
	S(165, getresuid, sys_getresuid16) \
	N(166, vm86) \
	N(167, query_module) \
	S(168, poll, sys_poll) \
	N(169, nfsservctl) \
	S(170, setresgid, sys_setresgid16) \
	S(171, getresgid, sys_getresgid16) \
	S(172, prctl, sys_prctl) \
	S(173, rt_sigreturn, sys_rt_sigreturn) \
	S(174, rt_sigaction, sys_rt_sigaction) \
	S(175, rt_sigprocmask, sys_rt_sigprocmask) \
	S(176, rt_sigpending, sys_rt_sigpending) \
	S(177, rt_sigtimedwait, sys_rt_sigtimedwait) \
	S(178, rt_sigqueueinfo, sys_rt_sigqueueinfo) \
	S(179, rt_sigsuspend, sys_rt_sigsuspend) \
	S(180, pread64, sys_pread64) \
	S(181, pwrite64, sys_pwrite64) \
	S(182, chown, sys_chown16) \
	S(183, getcwd, sys_getcwd) \
	S(184, capget, sys_capget) \
	S(185, capset, sys_capset) \
	S(186, sigaltstack, sys_sigaltstack) \
	S(187, sendfile, sys_sendfile) \
	N(188, getpmsg) \
	N(189, putpmsg) \
	S(190, vfork, sys_vfork) \
	S(191, ugetrlimit, sys_getrlimit) \
	S(192, mmap2, sys_mmap2) \
	S(193, truncate64, sys_truncate64) \
	S(194, ftruncate64, sys_ftruncate64) \
	S(195, stat64, sys_stat64) \
	S(196, lstat64, sys_lstat64) \
	S(197, fstat64, sys_fstat64) \
	S(198, lchown32, sys_lchown) \
	S(199, getuid32, sys_getuid) \
	S(200, getgid32, sys_getgid) \
	S(201, geteuid32, sys_geteuid) \
	S(202, getegid32, sys_getegid) \
	S(203, setreuid32, sys_setreuid) \
	S(204, setregid32, sys_setregid) \
	S(205, getgroups32, sys_getgroups) \
	S(206, setgroups32, sys_setgroups) \
	S(207, fchown32, sys_fchown) \
	S(208, setresuid32, sys_setresuid) \
	S(209, getresuid32, sys_getresuid) \
	S(210, setresgid32, sys_setresgid) \
	S(211, getresgid32, sys_getresgid) \
	S(212, chown32, sys_chown) \
	S(213, setuid32, sys_setuid) \
	S(214, setgid32, sys_setgid) \
	S(215, setfsuid32, sys_setfsuid) \
	S(216, setfsgid32, sys_setfsgid) \
	N(217, pivot_root) \
	S(218, mincore, sys_mincore) \
	S(219, madvise, sys_madvise) \
	S(220, getdents64, sys_getdents64) \
	S(221, fcntl64, sys_fcntl64) \
	S(224, gettid, sys_gettid) \
	S(225, readahead, sys_readahead) \
	S(226, setxattr, sys_setxattr) \
	S(227, lsetxattr, sys_lsetxattr) \
	S(228, fsetxattr, sys_fsetxattr) \
	S(229, getxattr, sys_getxattr) \
	S(230, lgetxattr, sys_lgetxattr) \
	S(231, fgetxattr, sys_fgetxattr) \
	S(232, listxattr, sys_listxattr) \
	S(233, llistxattr, sys_llistxattr) \
	S(234, flistxattr, sys_flistxattr) \
	S(235, removexattr, sys_removexattr) \
	S(236, lremovexattr, sys_lremovexattr) \
	S(237, fremovexattr, sys_fremovexattr) \
	S(238, tkill, sys_tkill) \
	S(239, sendfile64, sys_sendfile64) \
	S(240, futex, sys_futex) \
	S(241, sched_setaffinity, sys_sched_setaffinity) \
	S(242, sched_getaffinity, sys_sched_getaffinity) \
	S(243, set_thread_area, sys_set_thread_area) \
	S(244, get_thread_area, sys_get_thread_area) \
	S(245, io_setup, sys_io_setup) \
	S(246, io_destroy, sys_io_destroy) \
	S(247, io_getevents, sys_io_getevents) \
	S(248, io_submit, sys_io_submit) \
	S(249, io_cancel, sys_io_cancel) \
	S(250, fadvise64, sys_fadvise64) \
	S(252, exit_group, sys_exit_group) \
	N(253, lookup_dcookie) \
	S(254, epoll_create, sys_epoll_create) \
	S(255, epoll_ctl, sys_epoll_ctl) \
	S(256, epoll_wait, sys_epoll_wait) \
	S(257, remap_file_pages, sys_remap_file_pages) \
	S(258, set_tid_address, sys_set_tid_address) \
	S(259, timer_create, sys_timer_create) \
	S(260, timer_settime, sys_timer_settime) \
	S(261, timer_gettime, sys_timer_gettime) \
	S(262, timer_getoverrun, sys_timer_getoverrun) \
	S(263, timer_delete, sys_timer_delete) \
	S(264, clock_settime, sys_clock_settime) \
	S(265, clock_gettime, sys_clock_gettime) \
	S(266, clock_getres, sys_clock_getres) \
	S(267, clock_nanosleep, sys_clock_nanosleep) \
	S(268, statfs64, sys_statfs64) \
	S(269, fstatfs64, sys_fstatfs64) \
	S(270, tgkill, sys_tgkill) \
	S(271, utimes, sys_utimes) \
	S(272, fadvise64_64, sys_fadvise64_64) \
	N(273, vserver) \
	N(274, mbind) \
	N(275, get_mempolicy) \
	N(276, set_mempolicy) \
	N(277, mq_open) \
	N(278, mq_unlink) \
	N(279, mq_timedsend) \
	N(280, mq_timedreceive) \
	N(281, mq_notify) \
	N(282, mq_getsetattr) \
	N(283, kexec_load) \
	S(284, waitid, sys_waitid) \
	N(286, add_key) \
	N(287, request_key) \
	N(288, keyctl) \
	S(289, ioprio_set, sys_ioprio_set) \
	S(290, ioprio_get, sys_ioprio_get) \
	S(291, inotify_init, sys_inotify_init) \
	S(292, inotify_add_watch, sys_inotify_add_watch) \
	S(293, inotify_rm_watch, sys_inotify_rm_watch) \
	N(294, migrate_pages) \
	S(295, openat, sys_openat) \
	S(296, mkdirat, sys_mkdirat) \
	S(297, mknodat, sys_mknodat) \
	S(298, fchownat, sys_fchownat) \
	S(299, futimesat, sys_futimesat) \
	S(300, fstatat64, sys_fstatat64) \
	S(301, unlinkat, sys_unlinkat) \
	S(302, renameat, sys_renameat) \
	S(303, linkat, sys_linkat) \
	S(304, symlinkat, sys_symlinkat) \
	S(305, readlinkat, sys_readlinkat) \
	S(306, fchmodat, sys_fchmodat) \
	S(307, faccessat, sys_faccessat) \
	S(308, pselect6, sys_pselect6) \
	S(309, ppoll, sys_ppoll) \
	N(310, unshare) \
	S(311, set_robust_list, sys_set_robust_list) \
	S(312, get_robust_list, sys_get_robust_list) \
	S(313, splice, sys_splice) \
	S(314, sync_file_range, sys_sync_file_range) \
	S(315, tee, sys_tee) \
	S(316, vmsplice, sys_vmsplice) \
	N(317, move_pages) \
	S(318, getcpu, sys_getcpu) \
	S(319, epoll_pwait, sys_epoll_pwait) \
	S(320, utimensat, sys_utimensat) \
	S(321, signalfd, sys_signalfd) \
	S(322, timerfd_create, sys_timerfd_create) \
	S(323, eventfd, sys_eventfd) \
	S(324, fallocate, sys_fallocate) \
	S(325, timerfd_settime, sys_timerfd_settime) \
	S(326, timerfd_gettime, sys_timerfd_gettime) \
	S(327, signalfd4, sys_signalfd4) \
	S(328, eventfd2, sys_eventfd2) \
	S(329, epoll_create1, sys_epoll_create1) \
	S(330, dup3, sys_dup3) \
	S(331, pipe2, sys_pipe2) \
	S(332, inotify_init1, sys_inotify_init1) \
	S(333, preadv, sys_preadv) \
	S(334, pwritev, sys_pwritev) \
	S(335, rt_tgsigqueueinfo, sys_rt_tgsigqueueinfo) \
	N(336, perf_event_open) \
	S(337, recvmmsg, sys_recvmmsg) \
	N(338, fanotify_init) \
	N(339, fanotify_mark) \
	S(340, prlimit64, sys_prlimit64) \
	N(341, name_to_handle_at) \
	N(342, open_by_handle_at) \
	N(343, clock_adjtime) \
	S(344, syncfs, sys_syncfs) \
	S(345, sendmmsg, sys_sendmmsg) \
	N(346, setns) \
	N(347, process_vm_readv) \
	N(348, process_vm_writev) \
	N(349, kcmp) \
	S(350, finit_module, sys_finit_module) \
	N(351, sched_setattr) \
	N(352, sched_getattr) \
	S(353, renameat2, sys_renameat2) \
	N(354, seccomp) \
	S(355, getrandom, sys_getrandom) \
	S(356, memfd_create, sys_memfd_create) \
	N(357, bpf) \
	S(358, execveat, sys_execveat) \
	S(359, socket, sys_socket) \
	S(360, socketpair, sys_socketpair) \
	S(361, bind, sys_bind) \
	S(362, connect, sys_connect) \
	S(363, listen, sys_listen) \
	S(364, accept4, sys_accept4) \
	S(365, getsockopt, sys_getsockopt) \
	S(366, setsockopt, sys_setsockopt) \
	S(367, getsockname, sys_getsockname) \
	S(368, getpeername, sys_getpeername) \
	S(369, sendto, sys_sendto) \
	S(370, sendmsg, sys_sendmsg) \
	S(371, recvfrom, sys_recvfrom) \
	S(372, recvmsg, sys_recvmsg) \
	S(373, shutdown, sys_shutdown) \
	N(374, userfaultfd) \
	S(375, membarrier, sys_membarrier) \
	N(376, mlock2) \
	S(377, copy_file_range, sys_copy_file_range) \
	S(378, preadv2, sys_preadv2) \
	S(379, pwritev2, sys_pwritev2) \
	N(380, pkey_mprotect) \
	N(381, pkey_alloc) \
	N(382, pkey_free) \
	S(383, statx, sys_statx) \
	S(384, arch_prctl, sys_arch_prctl) \
	S(385, io_pgetevents, sys_io_pgetevents) \
	S(386, rseq, sys_unsupported) \
	S(393, semget, sys_semget) \
	S(394, semctl, sys_semctl) \
	S(395, shmget, sys_shmget) \
	S(396, shmctl, sys_shmctl) \
	S(397, shmat, sys_shmat) \
	S(398, shmdt, sys_shmdt) \
	S(399, msgget, sys_msgget) \
	S(400, msgsnd, sys_msgsnd) \
	S(401, msgrcv, sys_msgrcv) \
	S(402, msgctl, sys_msgctl) \
	S(403, clock_gettime64, sys_clock_gettime64) \
	S(404, clock_settime64, sys_clock_settime64) \
	N(405, clock_adjtime64) \
	S(406, clock_getres_time64, sys_clock_getres_time64) \
	S(407, clock_nanosleep_time64, sys_clock_nanosleep_time64) \
	S(408, timer_gettime64, sys_timer_gettime64) \
	S(409, timer_settime64, sys_timer_settime64) \
	S(410, timerfd_gettime64, sys_timerfd_gettime64) \
	S(411, timerfd_settime64, sys_timerfd_settime64) \
	S(412, utimensat_time64, sys_utimensat_time64) \
	S(413, pselect6_time64, sys_pselect6_time64) \
	S(414, ppoll_time64, sys_ppoll_time64) \
	S(416, io_pgetevents_time64, sys_io_pgetevents_time64) \
	S(417, recvmmsg_time64, sys_recvmmsg_time64) \
	N(418, mq_timedsend_time64) \
	N(419, mq_timedreceive_time64) \
	S(420, semtimedop_time64, sys_semtimedop_time64) \
	S(421, rt_sigtimedwait_time64, sys_rt_sigtimedwait_time64) \
	S(422, futex_time64, sys_futex_time64) \
	S(423, sched_rr_get_interval_time64, sys_sched_rr_get_interval_time64) \
	S(424, pidfd_send_signal, sys_pidfd_send_signal) \
	N(425, io_uring_setup) \
	N(426, io_uring_enter) \
	N(427, io_uring_register) \
	N(428, open_tree) \
	N(429, move_mount) \
	N(430, fsopen) \
	N(431, fsconfig) \
	N(432, fsmount) \
	N(433, fspick) \
	S(434, pidfd_open, sys_pidfd_open) \
	S(435, clone3, sys_clone3) \
	S(436, close_range, sys_close_range) \
	S(437, openat2, sys_openat2) \
	S(438, pidfd_getfd, sys_pidfd_getfd) \
	S(439, faccessat2, sys_faccessat2) \
	N(440, process_madvise) \
	S(441, epoll_pwait2, sys_epoll_pwait2) \
	N(442, mount_setattr) \
	N(443, quotactl_fd) \
	N(444, landlock_create_ruleset) \
	N(445, landlock_add_rule) \
	N(446, landlock_restrict_self) \
	N(447, memfd_secret) \
	N(448, process_mrelease) \
	N(449, futex_waitv) \
	N(450, set_mempolicy_home_node)

#define DECLARE(nr, name, function) void function(void); /* void (void) is the type that matches every function in a cast */
#define IGNORE(nr, name)
SYSCALL_LIST(DECLARE, IGNORE)

#define ENTRY(nr, name, function) [nr] = (syscall_fn)function,
const syscall_fn syscall_table[NR_SYSCALLS] = { SYSCALL_LIST(ENTRY, IGNORE) };

#define NAME(nr, name, function) [nr] = #name,
#define NAME_ONLY(nr, name) [nr] = #name,
const char *const syscall_names[NR_SYSCALLS] = { SYSCALL_LIST(NAME, NAME_ONLY) };
