/*
 * How lwIP is configured here: the raw API without an operating system below it, all under one mutex (io/net/inet.c), IPv4 with TCP, UDP and
 * ICMP, memory from the kernel's allocator. opt.h of lwIP says what each option means.
 */
#ifndef IO_NET_LWIP_LWIPOPTS_H
#define IO_NET_LWIP_LWIPOPTS_H

#define NO_SYS 1
#define SYS_LIGHTWEIGHT_PROT 0
#define LWIP_NETCONN 0
#define LWIP_SOCKET 0

#define MEM_LIBC_MALLOC 1
#define MEMP_MEM_MALLOC 1
#define MEM_ALIGNMENT 4
#define mem_clib_malloc net_malloc
#define mem_clib_free net_free
#define mem_clib_calloc net_calloc
void *net_malloc(unsigned int size);
void *net_calloc(unsigned int n, unsigned int size);
void net_free(void *p);

#define LWIP_IPV4 1
#define LWIP_IPV6 0
#define LWIP_ARP 0
#define LWIP_ETHERNET 0
#define LWIP_ICMP 1
#define LWIP_RAW 1
#define LWIP_UDP 1
#define LWIP_TCP 1
#define LWIP_DNS 0
#define IP_REASSEMBLY 1
#define IP_FRAG 1
#define IP_REASS_MAX_PBUFS 128
#define LWIP_HAVE_LOOPIF 0
#define LWIP_NETIF_LOOPBACK 0
#define LWIP_SINGLE_NETIF 0

#define SO_REUSE 1
#define LWIP_TCP_KEEPALIVE 1
#define TCP_LISTEN_BACKLOG 1
#define TCP_MSS 8096          /* with all headers and struct pbuf two pages */
#define TCP_WND (16 * TCP_MSS)
#define TCP_WND_UPDATE_THRESHOLD (2 * TCP_MSS)
#define TCP_MSL 30000u        /* TIME_WAIT lasts 60 s */
#define LWIP_TCP_RTO_TIME 1000 /* RFC 6298, 2.1 */
#define LWIP_TCP_PCB_NUM_EXT_ARGS 1 /* tells when a pcb is freed, whatever the reason (io/net/tcp.c) */
#define IP_DEFAULT_TTL 64
#define TCP_SND_BUF 131072
#define LWIP_WND_SCALE 1
#define TCP_RCV_SCALE 2
#define TCP_SND_QUEUELEN 1024
#define TCP_SNDLOWAT 32768
#define TCP_SNDQUEUELOWAT 512
#define TCP_OVERSIZE TCP_MSS
#define TCP_QUEUE_OOSEQ 1
#define LWIP_TCP_SACK_OUT 0
#define MEMP_NUM_TCP_PCB 1024
#define TCP_MAXRTX 12

#define CHECKSUM_GEN_IP 1
#define CHECKSUM_CHECK_TCP 1
#define LWIP_CHKSUM ip_sum      /* lwIP's own takes five times as many instructions */
unsigned short ip_sum(const void *data, int n);
#define LWIP_STATS 1
#define LWIP_STATS_DISPLAY 0
#define LWIP_PROVIDE_ERRNO 0
#define LWIP_ERRNO_INCLUDE "lwip/err.h"
#define LWIP_HOOK_FILENAME "hooks.h"

#endif
