/*
 * The TCP/IP stack in the kernel: lwIP (Debian's source, compiled by our build) under one mutex, the thread netd for its timers, and the
 * device lo. lo copies each packet and hands it back to the stack when the lock is released, in the context of whoever held it; a fault switch
 * (/proc/sys/net/lo_faults: parts in a thousand to drop, to double, to delay behind the next) shows what TCP is for.
 * The stack starts with the first socket of AF_INET.
 */
#include "io/net/inet.h"
#include "io/contract/proc_file.h"
#include "kernel/debug/bug.h"
#include "kernel/debug/printk.h"
#include "kernel/init.h"
#include "kernel/lib/div64.h"
#include "kernel/sched/random.h"
#include "lwip/init.h"
#include "lwip/ip.h"
#include "lwip/netif.h"
#include "lwip/sys.h"
#include "lwip/timeouts.h"

#define LO_MTU 65535
#define LO_QUEUE_MAX 4096u
#define LO_BURST 4096u        /* packets run before somebody else may have the lock */
#define IDLE_MS 60000u

static DEFINE_MUTEX_RANK(net_mutex, RANK_NET);
static DEFINE_WAIT_QUEUE(netd_wait);
static bool started, kicked;
struct netif lo_netif;

/* Packets on lo. net_lock. */
static struct pbuf *lo_queue[LO_QUEUE_MAX];
static u32 lo_head, lo_tail;
static u32 lo_faults[3];      /* drop, double, delay: of 1,000 */
bool lo_gathers = true;       /* like a card that fetches a packet from several places; without it the socket layer puts packets together */
static u64 lo_packets, lo_bytes, lo_dropped;

/* ---- what lwIP asks of a system ---- */

void *net_malloc(unsigned int size) { return kmalloc(size, GFP_NOFS); }
void *net_calloc(unsigned int n, unsigned int size) { return kzalloc(n * size, GFP_NOFS); }
void net_free(void *p) { kfree(p); }
u32_t sys_now(void) { return (u32_t)div_u64(ktime_ns(), NSEC_PER_MSEC); }

unsigned int net_random(void)
{
	unsigned int r;

	get_random_bytes(&r, sizeof(r));
	return r;
}

/* ---- lo ---- */

static bool chance(u32 parts) { return parts && net_random() % 1000 < parts; }

static void lo_put(struct pbuf *p)
{
	if (lo_head - lo_tail == LO_QUEUE_MAX) {
		lo_dropped++;
		pbuf_free(p);
		return;
	}
	lo_queue[lo_head++ % LO_QUEUE_MAX] = p;
}

static err_t lo_output(struct netif *n, struct pbuf *p, const ip4_addr_t *to)
{
	struct pbuf *copy = pbuf_clone(PBUF_LINK, PBUF_RAM, p);

	lo_packets++;
	lo_bytes += p->tot_len;
	if (!copy)
		return ERR_MEM;
	if (chance(lo_faults[0])) {
		lo_dropped++;
		pbuf_free(copy);
		return ERR_OK;
	}
	if (chance(lo_faults[1])) {
		struct pbuf *twin = pbuf_clone(PBUF_LINK, PBUF_RAM, p);
		if (twin)
			lo_put(twin);
	}
	lo_put(copy);
	if (chance(lo_faults[2]) && lo_head - lo_tail > 1) { /* in front of the one before it */
		struct pbuf **a = &lo_queue[(lo_head - 1) % LO_QUEUE_MAX], **b = &lo_queue[(lo_head - 2) % LO_QUEUE_MAX], *t = *a;
		*a = *b;
		*b = t;
	}
	return ERR_OK;
}

static err_t lo_init(struct netif *n)
{
	n->name[0] = 'l';
	n->name[1] = 'o';
	n->mtu = LO_MTU;
	n->output = lo_output;
	n->flags = NETIF_FLAG_LINK_UP;
	return ERR_OK;
}

/* Packets run until none is left; what they cause runs too. */
static void lo_run(void)
{
	for (u32 n = 0; lo_head != lo_tail && n < LO_BURST; n++) {
		struct pbuf *p = lo_queue[lo_tail++ % LO_QUEUE_MAX];
		if (ip_input(p, &lo_netif) != ERR_OK)
			pbuf_free(p);
	}
	if (lo_head != lo_tail)
		kicked = true;
}

/* ---- the lock and the thread ---- */

static int netd(void *arg)
{
	for (;;) {
		net_lock();
		sys_check_timeouts();
		u32 ms = sys_timeouts_sleeptime();
		net_unlock();
		if (lo_head != lo_tail) {
			cond_resched();
			continue;
		}
		(void)wait_event_until(&netd_wait, READ_ONCE(kicked), deadline_ms(ms == 0xffffffffu ? IDLE_MS : max(ms, 1u)));
		kicked = false;
	}
	return 0;
}

static int start_stack(void)
{
	ip4_addr_t ip, mask, gateway;

	IP4_ADDR(&ip, 127, 0, 0, 1);
	IP4_ADDR(&mask, 255, 0, 0, 0);
	IP4_ADDR(&gateway, 0, 0, 0, 0);
	lwip_init();
	if (!netif_add(&lo_netif, &ip, &mask, &gateway, NULL, lo_init, ip_input))
		return -ENOMEM;
	netif_set_up(&lo_netif);
	netif_set_default(&lo_netif);
	struct task *t = kthread_run(netd, NULL, "netd");
	return IS_ERR(t) ? (int)PTR_ERR(t) : 0;
}

void net_lock(void) { mutex_lock(&net_mutex); }

void net_unlock(void)
{
	assert_mutex_held(&net_mutex);
	lo_run();
	mutex_unlock(&net_mutex);
	if (unlikely(kicked))
		wake_up_all(&netd_wait);
}

static int inet_create(struct socket *s)
{
	int err = 0;

	mutex_lock(&net_mutex);
	if (!started) {
		err = start_stack();
		started = !err;
	}
	mutex_unlock(&net_mutex);
	if (err)
		return err;
	switch (s->type) {
	case SOCK_STREAM: return s->protocol && s->protocol != IPPROTO_TCP ? -EPROTONOSUPPORT : tcp_socket(s);
	case SOCK_DGRAM: return s->protocol && s->protocol != IPPROTO_UDP ? -EPROTONOSUPPORT : udp_socket(s);
	default: return -ESOCKTNOSUPPORT;
	}
}

/* ---- common to TCP and UDP ---- */

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

int inet_check_bind(const ip_addr_t *ip, u16 port)
{
	if (!ip_addr_isany(ip) && !ip4_addr_isloopback(ip) && !ip4_addr_cmp(ip, netif_ip4_addr(&lo_netif)))
		return -EADDRNOTAVAIL;
	return port && port < FIRST_FREE_PORT && !capable() ? -EACCES : 0;
}

int inet_errno(err_t e)
{
	static const u8 errors[] = { 0, ENOMEM, ENOBUFS, ETIMEDOUT, ENETUNREACH, EINPROGRESS, EINVAL, EAGAIN, EADDRINUSE, EALREADY, EISCONN,
				     ENOTCONN, EIO, ECONNABORTED, ECONNRESET, ENOTCONN, EINVAL };
	return e > 0 || -e >= (int)ARRAY_SIZE(errors) ? -EIO : -(int)errors[-e];
}

void inet_free_packet(struct inet_packet *p)
{
	pbuf_free(p->pbuf);
	kfree(p);
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

/* ---- /proc ---- */

static int show_dev(struct seq_buf *q, void *arg)
{
	seq_printf(q, "Inter-|   Receive                                                |  Transmit\n"
		      " face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed\n");
	seq_printf(q, "    lo: %7llu %7llu    0 %4llu    0     0          0         0 %8llu %7llu    0    0    0     0       0          0\n", lo_bytes,
		   lo_packets, lo_dropped, lo_bytes, lo_packets);
	return 0;
}

static int show_gather(struct seq_buf *q, void *arg)
{
	seq_printf(q, "%u\n", lo_gathers);
	return 0;
}

static ssize_t set_gather(void *arg, const char *text, size_t len)
{
	if ((text[0] != '0' && text[0] != '1') || (text[1] && text[1] != '\n'))
		return -EINVAL;
	lo_gathers = text[0] == '1';
	return (ssize_t)len;
}

static int show_faults(struct seq_buf *q, void *arg)
{
	seq_printf(q, "%u %u %u\n", lo_faults[0], lo_faults[1], lo_faults[2]);
	return 0;
}

static ssize_t set_faults(void *arg, const char *text, size_t len)
{
	u32 v[3] = { 0 }, n = 0;

	for (const char *c = text; *c && n < 3;) {
		while (*c == ' ' || *c == '\t' || *c == '\n')
			c++;
		if (!*c)
			break;
		if (*c < '0' || *c > '9')
			return -EINVAL;
		for (; *c >= '0' && *c <= '9'; c++)
			v[n] = min(v[n] * 10 + (u32)(*c - '0'), 1000u);
		n++;
	}
	if (!n)
		return -EINVAL;
	memcpy(lo_faults, v, sizeof(v));
	return (ssize_t)len;
}

int inet_init(void)
{
	int err = proc_create("net/dev", 0444, show_dev, NULL, NULL);

	if (!err)
		err = proc_create("sys/net/lo_faults", 0644, show_faults, set_faults, NULL);
	if (!err)
		err = proc_create("sys/net/lo_gather", 0644, show_gather, set_gather, NULL);
	socket_family_register(AF_INET, inet_create);
	return err;
}
