/*
 * The TCP/IP stack in the kernel: lwIP (Debian's source, compiled by our build) under one mutex, and the thread netd for its timers.
 * The stack starts with the first socket of AF_INET.
 */
#include "io/net/inet.h"
#include "kernel/debug/bug.h"
#include "kernel/init.h"
#include "kernel/lib/div64.h"
#include "kernel/sched/random.h"
#include "lwip/init.h"
#include "lwip/timeouts.h"

#define IDLE_MS 60000u

static DEFINE_MUTEX_RANK(net_mutex, RANK_NET);
static DEFINE_WAIT_QUEUE(netd_wait);
static bool started, kicked;

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

/* ---- the lock and the thread ---- */

static int netd(void *arg)
{
	for (;;) {
		net_lock();
		sys_check_timeouts();
		tcp_trim_timewait(inet_tw_max());
		u32 ms = min(tcp_delayed_acks(), sys_timeouts_sleeptime());
		net_unlock();
		if (lo_busy()) {
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
	lwip_init();
	int err = lo_add();
	if (err)
		return err;
	tcp_start();
	udp_start();
	struct task *t = kthread_run(netd, NULL, "netd");
	return IS_ERR(t) ? (int)PTR_ERR(t) : 0;
}

void inet_kick(void) { kicked = true; }

void net_lock(void) { mutex_lock(&net_mutex); }

void net_unlock(void)
{
	assert_mutex_held(&net_mutex);
	lo_run();
	kicked |= lo_busy();
	mutex_unlock(&net_mutex);
	if (unlikely(kicked))
		wake_up_all(&netd_wait);
}

static int inet_create(struct socket *s)
{
	int err = 0;

	if (s->protocol < 0 || s->protocol >= IPPROTO_MAX)
		return -EINVAL;
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
	case SOCK_RAW: return s->protocol <= 0 || s->protocol >= 255 ? -EPROTONOSUPPORT : !capable() ? -EPERM : raw_socket(s);
	default: return -ESOCKTNOSUPPORT;
	}
}

int inet_init(void)
{
	int err = lo_proc_init();

	if (!err)
		err = inet_sysctl_init();
	if (!err)
		err = inet_proc_init();
	socket_family_register(AF_INET, inet_create);
	return err;
}
