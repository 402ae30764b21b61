/* The socket system calls, for the table, and what their files share. */
#ifndef IO_NET_CALLS_H
#define IO_NET_CALLS_H

#include "io/vfs/files.h"
#include "kernel/uapi/socket.h"

struct socket;

/* socket.c */
long sys_socket(int family, int type, int protocol);
long sys_socketpair(int family, int type, int protocol, s32 __user *fds);
long sys_bind(int fd, const void __user *addr, int len);
long sys_connect(int fd, const void __user *addr, int len);
long sys_listen(int fd, int backlog);
long sys_accept(int fd, void __user *addr, s32 __user *len);
long sys_accept4(int fd, void __user *addr, s32 __user *len, int flags);
long sys_getsockname(int fd, void __user *addr, s32 __user *len);
long sys_getpeername(int fd, void __user *addr, s32 __user *len);
long sys_shutdown(int fd, int how);
struct socket *socket_get(int fd, struct fd *f, long *err);
int socket_address_from_user(struct sockaddr_any *a, const void __user *user, int len);
int socket_address_to_user(const struct sockaddr_any *a, u32 len, void __user *user, s32 __user *size);

/* options.c */
long sys_setsockopt(int fd, int level, int name, const void __user *value, int len);
long sys_getsockopt(int fd, int level, int name, void __user *value, s32 __user *len);

/* message.c */
struct mmsghdr_abi { struct msghdr_abi hdr; u32 len; };
long sys_sendto(int fd, const void __user *buf, size_t n, u32 flags, const void __user *addr, int len);
long sys_recvfrom(int fd, void __user *buf, size_t n, u32 flags, void __user *addr, s32 __user *len);
long sys_send(int fd, const void __user *buf, size_t n, u32 flags);
long sys_recv(int fd, void __user *buf, size_t n, u32 flags);
long sys_sendmsg(int fd, const struct msghdr_abi __user *msg, u32 flags);
long sys_recvmsg(int fd, struct msghdr_abi __user *msg, u32 flags);
long sys_sendmmsg(int fd, struct mmsghdr_abi __user *msgs, u32 n, u32 flags);
long sys_recvmmsg(int fd, struct mmsghdr_abi __user *msgs, u32 n, u32 flags, const void __user *timeout);
long sys_recvmmsg_time64(int fd, struct mmsghdr_abi __user *msgs, u32 n, u32 flags, const void __user *timeout);
long sys_socketcall(int call, const u32 __user *args);

#endif
