/* The ioctls of network devices that ifconfig uses (netdevice(7)): there is one device, lo. */
#include "io/net/inet.h"
#include "kernel/hal/uaccess.h"
#include "lwip/netif.h"

#define SIOCGIFNAME 0x8910u
#define SIOCGIFCONF 0x8912u
#define SIOCGIFFLAGS 0x8913u
#define SIOCSIFFLAGS 0x8914u
#define SIOCGIFADDR 0x8915u
#define SIOCSIFADDR 0x8916u
#define SIOCGIFDSTADDR 0x8917u
#define SIOCGIFBRDADDR 0x8919u
#define SIOCGIFNETMASK 0x891bu
#define SIOCSIFNETMASK 0x891cu
#define SIOCGIFMETRIC 0x891du
#define SIOCGIFMTU 0x8921u
#define SIOCGIFHWADDR 0x8927u
#define SIOCGIFINDEX 0x8933u
#define SIOCGIFTXQLEN 0x8942u
#define SIOCGIFMAP 0x8970u
#define IFF_UP 1
#define IFF_LOOPBACK 8
#define IFF_RUNNING 0x40
#define ARPHRD_LOOPBACK 772

struct ifreq_abi {
	char name[16];
	union {
		struct sockaddr_in_abi addr;
		s16 flags;
		s32 value;
		u8 bytes[16];
	};
};

static long list_devices(u32 __user *user)
{
	struct { s32 len; u32 buf; } c;
	struct ifreq_abi r = { .name = "lo", .addr = { .family = AF_INET, .addr = ip_addr_get_ip4_u32(netif_ip_addr4(&lo_netif)) } };

	if (copy_from_user(&c, user, sizeof(c)))
		return -EFAULT;
	if (c.buf && c.len >= (s32)sizeof(r) && copy_to_user((void __user *)c.buf, &r, sizeof(r)))
		return -EFAULT;
	c.len = !c.buf || c.len >= (s32)sizeof(r) ? sizeof(r) : 0;
	return copy_to_user(user, &c, sizeof(c)) ? -EFAULT : 0;
}

/* Ones, then zeros. */
static bool is_mask(u32 net_order)
{
	u32 rest = ~lwip_ntohl(net_order);
	return !(rest & (rest + 1));
}

static int set(u32 cmd, const struct ifreq_abi *r)
{
	ip4_addr_t ip = { r->addr.addr };

	if (!capable())
		return -EPERM;
	if (cmd != SIOCSIFFLAGS && (r->addr.family != AF_INET || (cmd == SIOCSIFNETMASK && !is_mask(r->addr.addr))))
		return -EINVAL;
	if (cmd == SIOCSIFADDR)
		netif_set_ipaddr(&lo_netif, &ip);
	else if (cmd == SIOCSIFNETMASK)
		netif_set_netmask(&lo_netif, &ip);
	else if (r->flags & IFF_UP)
		netif_set_up(&lo_netif);
	else
		netif_set_down(&lo_netif);
	return 0;
}

static int get(u32 cmd, struct ifreq_abi *r)
{
	switch (cmd) {
	case SIOCGIFFLAGS:
		r->flags = (s16)(IFF_LOOPBACK | (netif_is_up(&lo_netif) ? IFF_UP | IFF_RUNNING : 0));
		return 0;
	case SIOCGIFADDR: case SIOCGIFDSTADDR:
		r->addr = (struct sockaddr_in_abi){ .family = AF_INET, .addr = ip_addr_get_ip4_u32(netif_ip_addr4(&lo_netif)) };
		return 0;
	case SIOCGIFNETMASK:
		r->addr = (struct sockaddr_in_abi){ .family = AF_INET, .addr = ip4_addr_get_u32(netif_ip4_netmask(&lo_netif)) };
		return 0;
	case SIOCGIFBRDADDR: r->addr = (struct sockaddr_in_abi){ .family = AF_INET }; return 0;
	case SIOCGIFMTU: r->value = lo_netif.mtu; return 0;
	case SIOCGIFINDEX: r->value = 1; return 0;
	case SIOCGIFMETRIC: r->value = 0; return 0;
	case SIOCGIFTXQLEN: r->value = 1000; return 0;
	case SIOCGIFHWADDR:
		r->addr = (struct sockaddr_in_abi){ .family = ARPHRD_LOOPBACK };
		return 0;
	case SIOCGIFMAP: memset(r->bytes, 0, sizeof(r->bytes)); return 0;
	default: return -ENOTTY;
	}
}

long inet_ioctl(u32 cmd, unsigned long arg)
{
	struct ifreq_abi r;
	int err;

	if (cmd == SIOCGIFCONF)
		return list_devices((u32 __user *)arg);
	if (cmd < SIOCGIFNAME || cmd > SIOCGIFMAP)
		return -ENOTTY;
	if (copy_from_user(&r, (void __user *)arg, sizeof(r)))
		return -EFAULT;
	if (cmd != SIOCGIFNAME && strncmp(r.name, "lo", sizeof(r.name)))
		return -ENODEV;
	if (cmd == SIOCSIFADDR || cmd == SIOCSIFNETMASK || cmd == SIOCSIFFLAGS) {
		net_lock();
		err = set(cmd, &r);
		net_unlock();
		return err;
	}
	if (cmd == SIOCGIFNAME) {
		memset(r.name, 0, sizeof(r.name));
		strscpy(r.name, "lo", sizeof(r.name));
		err = r.value == 1 ? 0 : -ENODEV;
	} else {
		err = get(cmd, &r);
	}
	return err ? err : copy_to_user((void __user *)arg, &r, sizeof(r)) ? -EFAULT : 0;
}
