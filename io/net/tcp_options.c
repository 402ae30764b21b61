/* TCP sockets: their options (tcp(7)), see tcp.h. */
#include "io/net/tcp.h"

#define TCP_NODELAY_OPT 1
#define TCP_MAXSEG_OPT 2
#define TCP_CORK_OPT 3
#define TCP_KEEPIDLE_OPT 4
#define TCP_KEEPINTVL_OPT 5
#define TCP_KEEPCNT_OPT 6
#define TCP_INFO_OPT 11
#define TCP_QUICKACK_OPT 12
#define TCP_CONGESTION_OPT 13
#define TCP_USER_TIMEOUT_OPT 18

#define MAX_KEEPIDLE 32767u    /* seconds */
#define MAX_KEEPINTVL 32767u
#define MAX_KEEPCNT 127u
#define MIN_MAXSEG 88u         /* bytes, include/net/tcp.h of Linux */
#define MAX_MAXSEG 32767u
#define DEFAULT_MSS 536u       /* RFC 9293, 3.7.1 */
#define ALGORITHM "reno"       /* what lwIP does against congestion, RFC 5681 */
#define ALGORITHM_ROOM 16u

struct tcp_info_abi { /* as in Linux 6.1; a program may ask for as many as it knows. lwIP does not count what it sends again: retransmissions are 0 */
	u8 state, ca_state, retransmits, probes, backoff, options, wscale, flags;
	u32 rto, ato, snd_mss, rcv_mss, unacked, sacked, lost, retrans, fackets;
	u32 last_data_sent, last_ack_sent, last_data_recv, last_ack_recv;
	u32 pmtu, rcv_ssthresh, rtt, rttvar, snd_ssthresh, snd_cwnd, advmss, reordering, rcv_rtt, rcv_space, total_retrans;
	u64 pacing_rate, max_pacing_rate, bytes_acked, bytes_received;
	u32 segs_out, segs_in, notsent_bytes, min_rtt, data_segs_in, data_segs_out;
	u64 delivery_rate, busy_time, rwnd_limited, sndbuf_limited;
	u32 delivered, delivered_ce;
	u64 bytes_sent, bytes_retrans;
	u32 dsack_dups, reord_seen, rcv_ooopack, snd_wnd;
};
_Static_assert(sizeof(struct tcp_info_abi) == 232 && sizeof(struct tcp_info_abi) <= OPTION_MAX, "as in the ABI");

const struct tcp_options tcp_default_options = { .keepidle = 7200, .keepintvl = 75, .keepcnt = 9 };

void tcp_apply_options(struct tcp_sock *t)
{
	struct tcp_pcb *pcb = t->pcb;

	if (!pcb || pcb->state == LISTEN)
		return;
	if (t->opt.nodelay)
		tcp_nagle_disable(pcb);
	else
		tcp_nagle_enable(pcb);
	pcb->keep_idle = t->opt.keepidle * 1000;
	pcb->keep_intvl = t->opt.keepintvl * 1000;
	pcb->keep_cnt = t->opt.keepcnt;
	if (t->opt.maxseg && pcb->state != CLOSED)
		pcb->mss = (u16_t)min(t->opt.maxseg, (u32)pcb->mss);
}

static int set_between(u32 *to, u32 v, u32 low, u32 high)
{
	if (v < low || v > high)
		return -EINVAL;
	*to = v;
	return 0;
}

static int set_option(struct tcp_sock *t, int name, u32 v)
{
	struct tcp_options *o = &t->opt;

	switch (name) {
	case TCP_NODELAY_OPT: o->nodelay = v; return 0;
	case TCP_CORK_OPT: o->cork = v; return 0;
	case TCP_KEEPIDLE_OPT: return set_between(&o->keepidle, v, 1, MAX_KEEPIDLE);
	case TCP_KEEPINTVL_OPT: return set_between(&o->keepintvl, v, 1, MAX_KEEPINTVL);
	case TCP_KEEPCNT_OPT: return set_between(&o->keepcnt, v, 1, MAX_KEEPCNT);
	case TCP_MAXSEG_OPT: return v ? set_between(&o->maxseg, v, MIN_MAXSEG, MAX_MAXSEG) : set_between(&o->maxseg, v, 0, 0);
	case TCP_USER_TIMEOUT_OPT: return set_between(&o->user_timeout, v, 0, 0x7fffffff);
	case TCP_QUICKACK_OPT:
		t->quick_acks = v ? TCP_QUICK_ACKS : 0;
		if (v && t->state == TS_CONNECTED)
			tcp_ack_now(t->pcb);
		return 0;
	default: return -ENOPROTOOPT;
	}
}

static int set_tcp_option(struct tcp_sock *t, int name, const void *value, u32 len)
{
	if (name == TCP_CONGESTION_OPT)
		return !len ? -EINVAL : len >= sizeof(ALGORITHM) - 1 && !memcmp(value, ALGORITHM, sizeof(ALGORITHM) - 1) ? 0 : -ENOENT;
	if (len < sizeof(u32))
		return -EINVAL;
	int err = set_option(t, name, *(const u32 *)value);
	if (err)
		return err;
	tcp_apply_options(t);
	if (t->state == TS_CONNECTED) /* what a cork or Nagle held back goes, if it may */
		tcp_output(t->pcb);
	return 0;
}

int tcp_setsockopt(struct socket *s, int level, int name, const void *value, u32 len)
{
	struct tcp_sock *t = tcp_of(s);
	int err;

	net_lock();
	if (level == IPPROTO_TCP)
		err = set_tcp_option(t, name, value, len);
	else if (t->pcb)
		err = inet_set_option((struct ip_pcb *)t->pcb, level, name, value, len);
	else
		err = level == IPPROTO_IP ? 0 : -ENOPROTOOPT; /* it has no packets any more */
	net_unlock();
	return err;
}

u32 tcp_linux_state(const struct tcp_pcb *pcb)
{
	static const u8 states[] = { [CLOSED] = 7, [LISTEN] = 10, [SYN_SENT] = 2, [SYN_RCVD] = 3, [ESTABLISHED] = 1, [FIN_WAIT_1] = 4,
				     [FIN_WAIT_2] = 5, [CLOSE_WAIT] = 8, [CLOSING] = 11, [LAST_ACK] = 9, [TIME_WAIT] = 6 };
	return states[pcb ? pcb->state : CLOSED];
}

static int get_info(const struct tcp_sock *t, void *value)
{
	const struct tcp_pcb *pcb = t->pcb;
	struct tcp_info_abi i = { .state = (u8)tcp_linux_state(pcb) };

	if (pcb && pcb->state != LISTEN) {
		u32 mss = pcb->mss;
		i.retransmits = pcb->nrtx;
		i.probes = pcb->persist_probe;
		i.wscale = (u8)(pcb->snd_scale | pcb->rcv_scale << 4);
		i.rto = (u32)pcb->rto * TCP_SLOW_INTERVAL * 1000;
		i.snd_mss = i.rcv_mss = i.advmss = mss;
		i.unacked = DIV_ROUND_UP(pcb->snd_nxt - pcb->lastack, mss);
		i.pmtu = lo_netif.mtu;
		i.rtt = (u32)(pcb->sa >> 3) * TCP_SLOW_INTERVAL * 1000;
		i.rttvar = (u32)(pcb->sv >> 2) * TCP_SLOW_INTERVAL * 1000;
		i.snd_cwnd = pcb->cwnd / mss;
		i.snd_ssthresh = pcb->ssthresh / mss;
		i.rcv_ssthresh = pcb->rcv_wnd;
		i.reordering = 3;
		i.rcv_space = pcb->rcv_wnd;
		i.notsent_bytes = pcb->snd_lbb - pcb->snd_nxt;
		i.pacing_rate = i.max_pacing_rate = ~0ull; /* none */
		i.snd_wnd = pcb->snd_wnd;
	}
	memcpy(value, &i, sizeof(i));
	return sizeof(i);
}

static int get_tcp_option(const struct tcp_sock *t, int name, void *value)
{
	const struct tcp_options *o = &t->opt;
	u32 v;

	switch (name) {
	case TCP_NODELAY_OPT: v = o->nodelay; break;
	case TCP_CORK_OPT: v = o->cork; break;
	case TCP_KEEPIDLE_OPT: v = o->keepidle; break;
	case TCP_KEEPINTVL_OPT: v = o->keepintvl; break;
	case TCP_KEEPCNT_OPT: v = o->keepcnt; break;
	case TCP_USER_TIMEOUT_OPT: v = o->user_timeout; break;
	case TCP_QUICKACK_OPT: v = 1; break;
	case TCP_MAXSEG_OPT: v = t->state == TS_CONNECTED ? t->pcb->mss : o->maxseg ? o->maxseg : DEFAULT_MSS; break;
	case TCP_INFO_OPT: return get_info(t, value);
	case TCP_CONGESTION_OPT:
		strscpy(value, ALGORITHM, ALGORITHM_ROOM);
		return ALGORITHM_ROOM;
	default: return -ENOPROTOOPT;
	}
	*(u32 *)value = v;
	return sizeof(v);
}

int tcp_getsockopt(struct socket *s, int level, int name, void *value, u32 len)
{
	struct tcp_sock *t = tcp_of(s);
	int ret = -ENOPROTOOPT;

	net_lock();
	if (level == SOL_SOCKET && name == SO_ACCEPTCONN) {
		*(u32 *)value = t->state == TS_LISTENING;
		ret = sizeof(u32);
	} else if (level == IPPROTO_TCP) {
		ret = get_tcp_option(t, name, value);
	} else if (t->pcb) {
		ret = inet_get_option((struct ip_pcb *)t->pcb, level, name, value, len);
	}
	net_unlock();
	return ret;
}
