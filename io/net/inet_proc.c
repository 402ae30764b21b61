/* What /proc/net tells of AF_INET: tcp, udp, raw and route in Linux's format (proc(5)), which netstat and route read, and sockstat. */
#include "io/net/tcp.h"
#include "io/contract/proc_file.h"
#include "io/vfs/files.h"

static const char heading[] = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode";

static void show_ends(struct seq_buf *q, u32 n, const ip_addr_t *from, u16 from_port, const ip_addr_t *to, u16 to_port)
{
	seq_printf(q, "%4u: %08X:%04X %08X:%04X ", n, ip_addr_get_ip4_u32(from), from_port, ip_addr_get_ip4_u32(to), to_port);
}

static void show_owner(struct seq_buf *q, const struct socket *s)
{
	const struct inode *i = s && s->file ? s->file->inode : NULL;

	seq_printf(q, "00:00000000 00000000 %5u        0 %u", i ? i->uid : 0, i ? (u32)i->ino : 0);
}

/* ip_addr_any stands for the other end of one that listens: its structure ends before that. */
static void show_tcp_pcb(struct seq_buf *q, u32 n, const struct tcp_pcb *p)
{
	const struct tcp_sock *t = p->callback_arg;
	bool listens = p->state == LISTEN;
	u32 in = t ? listens ? t->nr_backlog : t->rx_bytes : 0, out = t && !listens ? t->tx_bytes : 0;

	show_ends(q, n, &p->local_ip, p->local_port, listens ? IP_ADDR_ANY : &p->remote_ip, listens ? 0 : p->remote_port);
	seq_printf(q, "%02X %08X:%08X ", tcp_linux_state(p), out, in);
	show_owner(q, t ? t->socket : NULL);
	seq_puts(q, " 1 00000000\n");
}

static int show_tcp(struct seq_buf *q, void *arg)
{
	u32 n = 0;

	seq_printf(q, "%s\n", heading);
	net_lock();
	const struct tcp_pcb *lists[] = { tcp_listen_pcbs.pcbs, tcp_active_pcbs, tcp_tw_pcbs };
	for (u32 i = 0; i < ARRAY_SIZE(lists); i++)
		for (const struct tcp_pcb *p = lists[i]; p; p = p->next)
			show_tcp_pcb(q, n++, p);
	net_unlock();
	return 0;
}

/* Connected ones are "established", the others "closed", as Linux has it. Raw ones show their protocol as the local port. */
static int show_datagram(struct seq_buf *q, void *list)
{
	const struct datagram_sock *d;
	bool raw = list == &raw_socks;
	u32 n = 0;

	seq_printf(q, "%s ref pointer drops\n", heading);
	net_lock();
	list_for_each_entry(d, (struct list_head *)list, node) {
		if (!raw && !d->udp->local_port)
			continue;
		show_ends(q, n++, &d->ip->local_ip, raw ? d->raw->protocol : d->udp->local_port, &d->ip->remote_ip,
			  raw || !d->connected ? 0 : d->udp->remote_port);
		seq_printf(q, "%02X %08X:%08X ", d->connected ? 1 : 7, 0, d->queued);
		show_owner(q, d->socket);
		seq_printf(q, " 2 00000000 %u\n", d->drops);
	}
	net_unlock();
	return 0;
}

static u32 length(const struct list_head *list)
{
	u32 n = 0;

	for (const struct list_head *i = list->next; i != list; i = i->next)
		n++;
	return n;
}

static u32 nr_pcbs(const struct tcp_pcb *p)
{
	u32 n = 0;

	for (; p; p = p->next)
		n++;
	return n;
}

static int show_sockstat(struct seq_buf *q, void *arg)
{
	net_lock();
	u32 udp = length(&udp_socks), raw = length(&raw_socks);
	seq_printf(q, "sockets: used %u\n", socket_count());
	seq_printf(q, "TCP: inuse %u orphan %u tw %u alloc %u mem %u\n", nr_pcbs(tcp_active_pcbs) + nr_pcbs(tcp_listen_pcbs.pcbs), tcp_nr_orphans,
		   nr_pcbs(tcp_tw_pcbs), tcp_nr_socks, DIV_ROUND_UP(inet_memory(), PAGE_SIZE));
	seq_printf(q, "UDP: inuse %u mem 0\nRAW: inuse %u\n", udp, raw);
	net_unlock();
	return 0;
}

/* The way to this machine itself is not in this table on Linux either, and there is no other. */
static int show_route(struct seq_buf *q, void *arg)
{
	seq_puts(q, "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n");
	return 0;
}

int inet_proc_init(void)
{
	int err = proc_create("net/tcp", 0444, show_tcp, NULL, NULL);

	if (!err)
		err = proc_create("net/udp", 0444, show_datagram, NULL, &udp_socks);
	if (!err)
		err = proc_create("net/raw", 0444, show_datagram, NULL, &raw_socks);
	if (!err)
		err = proc_create("net/route", 0444, show_route, NULL, NULL);
	if (!err)
		err = proc_create("net/sockstat", 0444, show_sockstat, NULL, NULL);
	return err;
}
