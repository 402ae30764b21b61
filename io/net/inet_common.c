/*
 * What TCP, UDP and raw sockets share, see inet.h: addresses and errors of the program and of the stack, local ports, the options of IPPROTO_IP,
 * packets that wait to be read, and the account of the memory in all queues. The limits are files of /proc/sys/net/ipv4, as on Linux.
 */
#include "io/net/inet.h"
#include "io/contract/proc_file.h"
#include "kernel/lib/bitmap.h"
#include "lwip/priv/tcp_priv.h"

#define IP_TOS_OPT 1
#define IP_TTL_OPT 2
#define IP_MTU_DISCOVER_OPT 10
#define IP_PMTUDISC_WANT 1
#define PACKET_OVERHEAD 256u   /* charged for each packet beside its data */
#define LAST_PORT 65535u

static u32 port_range[2] = { 32768, 60999 };
static u32 tw_max = 1024;
static u32 mem_limits[3];      /* pages: none, short, full */
static u32 charged;            /* bytes */

/* ---- addresses and errors ---- */

int inet_address(const struct sockaddr_any *a, u32 len, ip_addr_t *ip, u16 *port)
{
	const struct sockaddr_in_abi *in = (const struct sockaddr_in_abi *)a;

	if (len < sizeof(*in))
		return -EINVAL;
	if (in->family != AF_INET)
		return -EAFNOSUPPORT;
	ip_addr_set_ip4_u32(ip, in->addr);
	*port = lwip_ntohs(in->port);
	return 0;
}

u32 inet_put_address(struct sockaddr_any *a, const ip_addr_t *ip, u16 port)
{
	*(struct sockaddr_in_abi *)a = (struct sockaddr_in_abi){ .family = AF_INET, .port = lwip_htons(port), .addr = ip_addr_get_ip4_u32(ip) };
	return sizeof(struct sockaddr_in_abi);
}

int inet_bind_address(const struct sockaddr_any *a, u32 len, ip_addr_t *ip, u16 *port)
{
	struct sockaddr_any b = *a;

	if (len >= sizeof(struct sockaddr_in_abi) && a->family == AF_UNSPEC && !((const struct sockaddr_in_abi *)a)->addr)
		b.family = AF_INET; /* Linux allows it, for old programs */
	int err = inet_address(&b, len, ip, port);
	if (err)
		return err;
	if (!ip_addr_isany(ip) && !ip4_addr_cmp(ip, netif_ip4_addr(&lo_netif)))
		return -EADDRNOTAVAIL;
	return *port && *port < FIRST_FREE_PORT && !capable() ? -EACCES : 0;
}

void inet_real_destination(ip_addr_t *ip)
{
	if (ip_addr_isany(ip))
		ip_addr_copy(*ip, *netif_ip_addr4(&lo_netif));
}

int inet_errno(err_t e)
{
	static const u8 errors[] = { 0, ENOMEM, ENOBUFS, ETIMEDOUT, ENETUNREACH, EINPROGRESS, EINVAL, EAGAIN, EADDRINUSE, EALREADY, EISCONN,
				     ENOTCONN, EIO, ECONNABORTED, ECONNRESET, ENOTCONN, EINVAL };
	return e > 0 || -e >= (int)ARRAY_SIZE(errors) ? -EIO : -(int)errors[-e];
}

/* ---- local ports ---- */

static void mark_tcp(u8 *used)
{
	for (u32 i = 0; i < NUM_TCP_PCB_LISTS; i++)
		for (const struct tcp_pcb *p = *tcp_pcb_lists[i]; p; p = p->next)
			bitmap_set(used, p->local_port);
}

static void mark_udp(u8 *used)
{
	for (const struct udp_pcb *p = udp_pcbs; p; p = p->next)
		bitmap_set(used, p->local_port);
}

u16 inet_free_port(int protocol, u16 not_this)
{
	static u8 used[(LAST_PORT + 1) / 8];
	u32 first = port_range[0], end = port_range[1] + 1;

	memset(used + first / 8, 0, end / 8 + 1 - first / 8 - (end > LAST_PORT));
	bitmap_set(used, not_this);
	if (protocol == IPPROTO_TCP)
		mark_tcp(used);
	else
		mark_udp(used);
	u32 start = first + LWIP_RAND() % (end - first), port = bitmap_find_zero(used, end, start);
	if (port < end)
		return (u16)port;
	port = bitmap_find_zero(used, start, first);
	return port < start ? (u16)port : 0;
}

/* ---- options ---- */

static void set_flag(struct ip_pcb *pcb, u8 flag, bool on)
{
	if (on)
		ip_set_option(pcb, flag);
	else
		ip_reset_option(pcb, flag);
}

static int set_ip_option(struct ip_pcb *pcb, int name, const void *value, u32 len)
{
	if (!len)
		return -EINVAL;
	int v = len >= sizeof(int) ? *(const int *)value : *(const u8 *)value;
	switch (name) {
	case IP_TOS_OPT: pcb->tos = (u8)v; return 0;
	case IP_TTL_OPT:
		if (v != -1 && (v < 1 || v > 255))
			return -EINVAL;
		pcb->ttl = v == -1 ? IP_DEFAULT_TTL : (u8)v;
		return 0;
	case IP_MTU_DISCOVER_OPT: return v < 0 || v > 5 ? -EINVAL : 0; /* nothing on lo is ever too long for a link */
	default: return -ENOPROTOOPT;
	}
}

int inet_set_option(struct ip_pcb *pcb, int level, int name, const void *value, u32 len)
{
	if (level == IPPROTO_IP)
		return set_ip_option(pcb, name, value, len);
	if (level != SOL_SOCKET)
		return -ENOPROTOOPT;
	switch (name) {
	case SO_KEEPALIVE: set_flag(pcb, SOF_KEEPALIVE, *(const int *)value); break;
	case SO_REUSEADDR: set_flag(pcb, SOF_REUSEADDR, *(const int *)value); break;
	case SO_BROADCAST: set_flag(pcb, SOF_BROADCAST, *(const int *)value); break;
	default: break;
	}
	return -ENOPROTOOPT; /* the common part has kept it */
}

/* Less room than an int: a byte, when the value fits (ip(7)). */
int inet_get_option(struct ip_pcb *pcb, int level, int name, void *value, u32 len)
{
	int v;

	if (level != IPPROTO_IP)
		return level == SOL_SOCKET ? -ENOPROTOOPT : -EOPNOTSUPP;
	switch (name) {
	case IP_TOS_OPT: v = pcb->tos; break;
	case IP_TTL_OPT: v = pcb->ttl; break;
	case IP_MTU_DISCOVER_OPT: v = IP_PMTUDISC_WANT; break;
	default: return -ENOPROTOOPT;
	}
	*(int *)value = v;
	return len && len < sizeof(int) ? 1 : (int)sizeof(int);
}

/* ---- packets, and memory ---- */

void inet_charge(s32 bytes) { charged += (u32)bytes; }
u32 inet_memory(void) { return charged; }
bool inet_memory_short(void) { return charged >> PAGE_SHIFT >= mem_limits[1]; }
bool inet_memory_full(void) { return charged >> PAGE_SHIFT >= mem_limits[2]; }

struct inet_packet *inet_new_packet(struct pbuf *p)
{
	struct inet_packet *q = kmalloc(sizeof(*q), GFP_NOFS);

	if (!q)
		return NULL;
	*q = (struct inet_packet){ .pbuf = p };
	inet_charge((s32)(p->tot_len + PACKET_OVERHEAD));
	return q;
}

void inet_free_packet(struct inet_packet *q)
{
	inet_charge(-(s32)(q->pbuf->tot_len + PACKET_OVERHEAD));
	pbuf_free(q->pbuf);
	kfree(q);
}

u32 inet_copy_out(const struct inet_packet *p, u32 n, struct iov_iter *to)
{
	u32 at = p->off, done = 0;

	for (const struct pbuf *q = p->pbuf; q && done < n; q = q->next) {
		if (at >= q->len) {
			at -= q->len;
			continue;
		}
		u32 want = min((u32)q->len - at, n - done), got = copy_to_iter((const u8 *)q->payload + at, want, to);
		done += got;
		if (got < want)
			break;
		at = 0;
	}
	return done;
}

/* ---- /proc/sys/net/ipv4 ---- */

u32 inet_tw_max(void) { return tw_max; }

int inet_numbers(const char *text, u32 *v, u32 most_numbers, u32 most)
{
	u32 n = 0;

	for (const char *c = text; *c; n++) {
		while (*c == ' ' || *c == '\t' || *c == '\n')
			c++;
		if (!*c || n == most_numbers)
			break;
		if (*c < '0' || *c > '9')
			return -EINVAL;
		for (v[n] = 0; *c >= '0' && *c <= '9'; c++)
			v[n] = min(v[n] * 10 + (u32)(*c - '0'), most);
	}
	return (int)n;
}

static int show_range(struct seq_buf *q, void *arg)
{
	seq_printf(q, "%u\t%u\n", port_range[0], port_range[1]);
	return 0;
}

static ssize_t set_range(void *arg, const char *text, size_t len)
{
	u32 v[2];

	if (inet_numbers(text, v, 2, LAST_PORT + 1) != 2 || !v[0] || v[0] > v[1] || v[1] > LAST_PORT)
		return -EINVAL;
	memcpy(port_range, v, sizeof(v));
	return (ssize_t)len;
}

static int show_tw_max(struct seq_buf *q, void *arg)
{
	seq_printf(q, "%u\n", tw_max);
	return 0;
}

static ssize_t set_tw_max(void *arg, const char *text, size_t len)
{
	u32 v;

	if (inet_numbers(text, &v, 1, 1000000) != 1)
		return -EINVAL;
	tw_max = v;
	net_lock();
	tcp_trim_timewait(v);
	net_unlock();
	return (ssize_t)len;
}

static int show_mem(struct seq_buf *q, void *arg)
{
	seq_printf(q, "%u\t%u\t%u\n", mem_limits[0], mem_limits[1], mem_limits[2]);
	return 0;
}

static ssize_t set_mem(void *arg, const char *text, size_t len)
{
	u32 v[3];

	if (inet_numbers(text, v, 3, 1u << 20) != 3 || v[0] > v[1] || v[1] > v[2] || !v[1])
		return -EINVAL;
	memcpy(mem_limits, v, sizeof(v));
	return (ssize_t)len;
}

int inet_sysctl_init(void)
{
	u32 pages = nr_total_pages();
	int err = proc_create("sys/net/ipv4/ip_local_port_range", 0644, show_range, set_range, NULL);

	mem_limits[0] = pages / 16;
	mem_limits[1] = pages / 12;
	mem_limits[2] = pages / 8;
	if (!err)
		err = proc_create("sys/net/ipv4/tcp_max_tw_buckets", 0644, show_tw_max, set_tw_max, NULL);
	if (!err)
		err = proc_create("sys/net/ipv4/tcp_mem", 0644, show_mem, set_mem, NULL);
	return err;
}
