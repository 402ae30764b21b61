/*
 * The device lo: it copies each packet and hands it back to the stack when the lock is released, in the context of whoever held it. A fault
 * switch (/proc/sys/net/lo_faults: parts in a thousand to drop, to double, to delay behind the next) shows what TCP is for.
 */
#include "io/net/inet.h"
#include "io/contract/proc_file.h"
#include "lwip/netif.h"

#define LO_MTU 65535
#define LO_QUEUE_MAX 4096u
#define LO_BURST 4096u        /* packets run before somebody else may have the lock */

struct netif lo_netif;
bool lo_gathers = true;       /* like a card that fetches a packet from several places; without it the socket layer puts packets together */

/* Packets on lo. net_lock. */
static struct pbuf *lo_queue[LO_QUEUE_MAX];
static u32 lo_head, lo_tail;
static u32 lo_faults[3];      /* drop, double, delay: of 1,000 */
static u64 lo_packets, lo_bytes, lo_dropped;

bool lo_busy(void) { return READ_ONCE(lo_head) != READ_ONCE(lo_tail); }

static bool chance(u32 parts) { return parts && LWIP_RAND() % 1000 < parts; }

static void put(struct pbuf *p)
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
			put(twin);
	}
	put(copy);
	if (chance(lo_faults[2]) && lo_head - lo_tail > 1) { /* in front of the one before it */
		struct pbuf **a = &lo_queue[(lo_head - 1) % LO_QUEUE_MAX], **b = &lo_queue[(lo_head - 2) % LO_QUEUE_MAX], *t = *a;
		*a = *b;
		*b = t;
	}
	return ERR_OK;
}

static err_t init(struct netif *n)
{
	n->name[0] = 'l';
	n->name[1] = 'o';
	n->mtu = LO_MTU;
	n->output = lo_output;
	n->flags = NETIF_FLAG_LINK_UP;
	return ERR_OK;
}

/* There is no default device: what is not for 127.0.0.0/8 has no way to go. */
int lo_add(void)
{
	ip4_addr_t ip, mask, gateway;

	IP4_ADDR(&ip, 127, 0, 0, 1);
	IP4_ADDR(&mask, 255, 0, 0, 0);
	IP4_ADDR(&gateway, 0, 0, 0, 0);
	if (!netif_add(&lo_netif, &ip, &mask, &gateway, NULL, init, ip_input))
		return -ENOMEM;
	netif_set_up(&lo_netif);
	return 0;
}

void lo_run(void)
{
	for (u32 n = 0; lo_head != lo_tail && n < LO_BURST; n++) {
		struct pbuf *p = lo_queue[lo_tail++ % LO_QUEUE_MAX];
		if (ip_input(p, &lo_netif) != ERR_OK)
			pbuf_free(p);
	}
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
	u32 v[3] = { 0 };
	int n = inet_numbers(text, v, ARRAY_SIZE(v), 1000);

	if (n < 1)
		return -EINVAL;
	memcpy(lo_faults, v, sizeof(v));
	return (ssize_t)len;
}

int lo_proc_init(void)
{
	int err = proc_create("net/dev", 0444, show_dev, NULL, NULL);

	if (!err)
		err = proc_create("sys/net/lo_faults", 0644, show_faults, set_faults, NULL);
	if (!err)
		err = proc_create("sys/net/lo_gather", 0644, show_gather, set_gather, NULL);
	return err;
}
