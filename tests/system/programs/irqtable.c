/*
 * irqtable WHAT ...: the devices of the interrupt table as a program sees them; test_irq_table.py acts from outside meanwhile. READY: it waits.
 *   events DEVICE N [late|grab]  N events, "type code value" each; late: after a line on stdin; grab: with the device for itself
 *   about DEVICE                 what the EVIOCG* ioctls say
 *   led DEVICE CODE ON           write an EV_LED event
 *   mouse DEVICE MODE N          N packets in hex; MODE ps2, imps, exps: the magic sequence is written first
 *   rtc                          date, update, periodic and alarm interrupts by read and poll; errors
 *   lines DEVICE                 modem lines in loopback, counts
 *   carrier DEVICE               hangup, waiting for a carrier, CTS; at DROP, RAISE, STOP, GO the lines change
 *   printer DEVICE               status, exclusive use
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

struct event { uint32_t sec, usec; uint16_t type, code; int32_t value; }; /* struct input_event of the kernel; musl's has 64-bit time */
struct rtc_time { int sec, min, hour, mday, mon, year, wday, yday, isdst; };
struct rtc_wkalrm { unsigned char enabled, pending; struct rtc_time time; };
struct icount { int cts, dsr, rng, dcd, rx, tx, frame, overrun, parity, brk, buf_overrun, reserved[9]; };

#define EV_SYN 0
#define EV_KEY 1
#define EV_REL 2
#define EV_LED 0x11
#define EVIOCG(nr, len) _IOC(_IOC_READ, 'E', nr, len)
#define EVIOCGVERSION EVIOCG(0x01, 4)
#define EVIOCGID EVIOCG(0x02, 8)
#define EVIOCGNAME(len) EVIOCG(0x06, len)
#define EVIOCGPHYS(len) EVIOCG(0x07, len)
#define EVIOCGKEY(len) EVIOCG(0x18, len)
#define EVIOCGLED(len) EVIOCG(0x19, len)
#define EVIOCGBIT(type, len) EVIOCG(0x20 + (type), len)
#define EVIOCGRAB 0x40044590
#define RTC_UIE_ON 0x7003
#define RTC_UIE_OFF 0x7004
#define RTC_PIE_ON 0x7005
#define RTC_PIE_OFF 0x7006
#define RTC_ALM_SET 0x40247007
#define RTC_ALM_READ 0x80247008
#define RTC_RD_TIME 0x80247009
#define RTC_SET_TIME 0x4024700a
#define RTC_IRQP_READ 0x8004700b
#define RTC_IRQP_SET 0x4004700c
#define RTC_WKALM_SET 0x4028700f
#define RTC_WKALM_RD 0x80287010
#define LPGETSTATUS 0x060b
#define LPGETIRQ 0x0606
#define LPRESET 0x060c
#define TIOCGICOUNT_ 0x545d

static int must(long r, const char *what)
{
	if (r < 0) {
		printf("%s: %s\n", what, strerror(errno));
		exit(1);
	}
	return (int)r;
}

static void ready(void)
{
	printf("READY\n");
	fflush(stdout);
}

static int do_events(const char *device, int n, const char *how)
{
	struct event e[16];
	int fd = must(open(device, O_RDWR), device);

	if (!strcmp(how, "grab"))
		must(ioctl(fd, EVIOCGRAB, 1), "EVIOCGRAB");
	ready();
	if (!strcmp(how, "late"))
		getchar();
	while (n > 0) {
		int r = must(read(fd, e, sizeof(e)), "read") / (int)sizeof(e[0]);

		for (int i = 0; i < r && n > 0; i++, n--)
			printf("%d %d %d\n", e[i].type, e[i].code, e[i].value);
		fflush(stdout);
	}
	printf("END\n");
	return 0;
}

static int do_about(const char *device)
{
	int fd = must(open(device, O_RDONLY | O_NONBLOCK), device), version;
	unsigned char key[96], types[4], led[4], rel[4];
	struct { unsigned short bustype, vendor, product, version; } id;
	char name[64], phys[64];
	struct event e;

	must(ioctl(fd, EVIOCGVERSION, &version), "version");
	must(ioctl(fd, EVIOCGID, &id), "id");
	must(ioctl(fd, EVIOCGNAME(sizeof(name)), name), "name");
	must(ioctl(fd, EVIOCGPHYS(sizeof(phys)), phys), "phys");
	printf("version=%x id=%x:%x:%x name=%s phys=%s\n", version, id.bustype, id.vendor, id.product, name, phys);
	must(ioctl(fd, EVIOCGBIT(0, sizeof(types)), types), "types");
	printf("types=%02x%02x%02x keys=%d", types[2], types[1], types[0], must(ioctl(fd, EVIOCGBIT(EV_KEY, sizeof(key)), key), "keys"));
	printf(" a=%d left=%d", key[30 / 8] >> 30 % 8 & 1, key[0x110 / 8] >> 0x110 % 8 & 1);
	if (types[2] & 2)
		printf(" leds=%d lit=%d", (must(ioctl(fd, EVIOCGBIT(EV_LED, 4), led), "leds"), led[0]), (must(ioctl(fd, EVIOCGLED(4), led), "lit"), led[0]));
	if (types[0] & 4)
		printf(" rels=%x", (must(ioctl(fd, EVIOCGBIT(EV_REL, 4), rel), "rels"), rel[0] | rel[1] << 8));
	must(ioctl(fd, EVIOCGKEY(sizeof(key)), key), "down");
	printf(" a_down=%d\n", key[30 / 8] >> 30 % 8 & 1);
	printf("empty=%s", read(fd, &e, sizeof(e)) < 0 ? strerror(errno) : "no");
	printf(" short=%s", read(fd, &e, 7) < 0 ? strerror(errno) : "no");
	printf(" seek=%s", lseek(fd, 0, SEEK_SET) < 0 ? strerror(errno) : "no");
	printf(" unknown=%s\n", ioctl(fd, 0x80044577, name) < 0 ? strerror(errno) : "no");
	return 0;
}

static int do_led(const char *device, int code, int on)
{
	struct event e[2] = { { .type = EV_LED, .code = (uint16_t)code, .value = on }, { .type = EV_SYN } };
	int fd = must(open(device, O_RDWR), device);

	printf("wrote=%d\n", must(write(fd, e, sizeof(e)), "write"));
	return 0;
}

static int do_mouse(const char *device, const char *mode, int n)
{
	static const unsigned char imps[] = { 0xf3, 200, 0xf3, 100, 0xf3, 80, 0xf2 }, exps[] = { 0xf3, 200, 0xf3, 200, 0xf3, 80, 0xf2 };
	int fd = must(open(device, O_RDWR | O_NONBLOCK), device), size = !strcmp(mode, "ps2") ? 3 : 4;
	struct pollfd p = { .fd = fd, .events = POLLIN };
	unsigned char b[8];

	if (size == 4) {
		must(write(fd, mode[0] == 'i' ? imps : exps, 7), "write");
		printf("answer %d:", must(read(fd, b, sizeof(b)), "read"));
		printf(" %02x %02x\n", b[0], b[1]);
	}
	printf("nothing=%s\n", read(fd, b, 4) < 0 ? strerror(errno) : "no");
	ready();
	while (n-- > 0) {
		must(poll(&p, 1, 20000) - 1, "poll");
		int r = must(read(fd, b, sizeof(b)), "read");
		for (int i = 0; i < r; i++)
			printf("%02x%s", b[i], i < r - 1 ? " " : "\n");
		fflush(stdout);
	}
	printf("END\n");
	return 0;
}

/* How many interrupts a read tells of, and which. */
static int take(int fd, const char *what, int *which)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	unsigned long v;

	must(poll(&p, 1, 20000) - 1, what);
	must(read(fd, &v, sizeof(v)), what);
	*which = (int)(v & 0xff);
	return (int)(v >> 8);
}

static const char *error_of(int r) { return r < 0 ? strerror(errno) : "no"; }

static int do_rtc(void)
{
	int fd = must(open("/dev/rtc0", O_RDONLY | O_NONBLOCK), "/dev/rtc0"), n, which;
	struct rtc_wkalrm a = { .enabled = 1 };
	struct rtc_time t;
	unsigned long v;

	printf("twice=%s", error_of(open("/dev/rtc", O_RDONLY)));
	printf(" empty=%s", error_of((int)read(fd, &v, sizeof(v))));
	must(ioctl(fd, RTC_RD_TIME, &t), "RTC_RD_TIME");
	printf(" date=%d-%d-%d %02d:%02d weekday=%d\n", t.year + 1900, t.mon + 1, t.mday, t.hour, t.min, t.wday);
	must(ioctl(fd, RTC_UIE_ON, 0), "UIE_ON");
	n = take(fd, "update", &which);
	printf("update=%d:%02x", n, which);
	must(ioctl(fd, RTC_UIE_OFF, 0), "UIE_OFF");
	printf(" odd=%s", error_of(ioctl(fd, RTC_IRQP_SET, 100)));
	must(ioctl(fd, RTC_IRQP_SET, 256), "IRQP_SET");
	must(ioctl(fd, RTC_IRQP_READ, &v), "IRQP_READ");
	must(ioctl(fd, RTC_PIE_ON, 0), "PIE_ON");
	for (n = 0; n < 64;)
		n += take(fd, "periodic", &which);
	printf(" rate=%lu periodic=%02x", v, which);
	must(ioctl(fd, RTC_PIE_OFF, 0), "PIE_OFF");
	read(fd, &v, sizeof(v));
	/* Two seconds ahead: an update that is just under way cannot make it late. */
	must(ioctl(fd, RTC_RD_TIME, &t), "RTC_RD_TIME");
	a.time = t;
	a.time.sec += 2;
	if (a.time.sec > 59) {
		a.time.sec -= 60;
		a.time.min++;
	}
	must(ioctl(fd, RTC_WKALM_SET, &a), "WKALM_SET");
	n = take(fd, "alarm", &which);
	must(ioctl(fd, RTC_RD_TIME, &t), "RTC_RD_TIME");
	printf(" alarm=%d:%02x late=%d\n", n, which, t.sec != a.time.sec);
	must(ioctl(fd, RTC_WKALM_RD, &a), "WKALM_RD");
	printf("still=%d", a.enabled);
	a.time.hour = 24;
	printf(" hour24=%s", error_of(ioctl(fd, RTC_ALM_SET, &a.time)));
	a.time.hour = 23;
	must(ioctl(fd, RTC_ALM_SET, &a.time), "ALM_SET");
	must(ioctl(fd, RTC_ALM_READ, &t), "ALM_READ");
	t.mon = 1;
	t.mday = 30;
	printf(" alm=%02d February30=%s unknown=%s\n", t.hour, error_of(ioctl(fd, RTC_SET_TIME, &t)), error_of(ioctl(fd, 0x70ff, 0)));
	return 0;
}

static int modem(int fd)
{
	int bits;

	must(ioctl(fd, TIOCMGET, &bits), "TIOCMGET");
	return bits;
}

static int do_lines(const char *device)
{
	int fd = must(open(device, O_RDWR | O_NOCTTY), device), bits = TIOCM_DTR | TIOCM_RTS, loop = 0x8000;
	static char long_text[16384], back[16384];
	struct icount before, after;
	struct termios t;
	struct pollfd p = { .fd = fd, .events = POLLIN };
	int n = 0;
	char c = 0;

	must(tcgetattr(fd, &t), "tcgetattr");
	cfmakeraw(&t);
	cfsetspeed(&t, B19200);
	must(tcsetattr(fd, TCSANOW, &t), "tcsetattr");
	must(tcgetattr(fd, &t), "tcgetattr");
	printf("speed=%s", cfgetospeed(&t) == B19200 ? "19200" : "other");
	cfsetspeed(&t, B921600);
	must(tcsetattr(fd, TCSANOW, &t), "tcsetattr");
	must(tcgetattr(fd, &t), "tcgetattr");
	printf(" impossible=%s\n", cfgetospeed(&t) == B19200 ? "19200" : "other");
	must(ioctl(fd, TIOCGICOUNT_, &before), "TIOCGICOUNT");
	/* In loopback the outputs are the inputs: DTR is DSR, RTS is CTS, OUT1 is RI, OUT2 is CD. */
	must(ioctl(fd, TIOCMBIS, &loop), "TIOCMBIS");
	must(ioctl(fd, TIOCMBIS, &bits), "TIOCMBIS");
	printf("on=%x", modem(fd) & (TIOCM_DSR | TIOCM_CTS));
	must(ioctl(fd, TIOCMBIC, &bits), "TIOCMBIC");
	printf(" off=%x", modem(fd) & (TIOCM_DSR | TIOCM_CTS));
	must(write(fd, "Z", 1), "write");
	must(read(fd, &c, 1), "read");
	must(ioctl(fd, TIOCGICOUNT_, &after), "TIOCGICOUNT");
	printf(" looped=%c rx=%d tx=%d lost=%d\n", c, after.rx - before.rx, after.tx - before.tx, after.overrun + after.buf_overrun);
	/* More than all buffers hold, and nobody reads: what is lost is lost by the UART, which says so; the rest is there, in order. */
	for (unsigned i = 0; i < sizeof(long_text); i++)
		long_text[i] = (char)(i * 7 + (i >> 8));
	must(write(fd, long_text, sizeof(long_text)), "write");
	must(tcdrain(fd), "tcdrain");
	must(ioctl(fd, TIOCMBIC, &loop), "TIOCMBIC");
	must(ioctl(fd, TIOCGICOUNT_, &after), "TIOCGICOUNT");
	while (poll(&p, 1, n < 3900 ? 10000 : 200) > 0 && n < (int)sizeof(back) - 512)
		n += must(read(fd, back + n, 512), "read");
	printf("overrun=%d dropped=%d kept=%d same=%d\n", after.overrun > 0, after.buf_overrun, n >= 3900 && n < (int)sizeof(back) - 512, !memcmp(long_text, back, 3900));
	return 0;
}

static void settings(int fd, tcflag_t on, tcflag_t off)
{
	struct termios t;

	must(tcgetattr(fd, &t), "tcgetattr");
	cfmakeraw(&t);
	t.c_cflag = (t.c_cflag | on) & ~off;
	must(tcsetattr(fd, TCSANOW, &t), "tcsetattr");
}

static void step(const char *name)
{
	printf("%s\n", name);
	fflush(stdout);
}

static int do_carrier(const char *device)
{
	int fd = must(open(device, O_RDWR | O_NOCTTY), device), status, queued;
	struct icount count;
	char c;

	settings(fd, 0, CLOCAL);
	printf("carrier=%d ", !!(modem(fd) & TIOCM_CAR));
	step("DROP");
	printf("read=%d", (int)read(fd, &c, 1));
	printf(" write=%s\n", error_of((int)write(fd, "x", 1)));
	close(fd);
	fflush(stdout);
	if (!fork()) {
		fd = must(open(device, O_RDWR | O_NOCTTY), device);
		_exit(7);
	}
	usleep(300000);
	printf("waits=%d ", waitpid(-1, &status, WNOHANG) == 0);
	step("RAISE");
	waitpid(-1, &status, 0);
	printf("opened=%d\n", status >> 8 & 0xff);
	/* CTS stops the output, and lets it go on. */
	fd = must(open(device, O_RDWR | O_NOCTTY | O_NONBLOCK), device);
	settings(fd, CRTSCTS | CLOCAL, 0);
	step("STOP");
	while (modem(fd) & TIOCM_CTS)
		usleep(10000);
	must(write(fd, "0123456789", 10), "write");
	usleep(100000);
	must(ioctl(fd, TIOCOUTQ, &queued), "TIOCOUTQ");
	printf("queued=%d ", queued);
	step("GO");
	must(tcdrain(fd), "tcdrain");
	must(ioctl(fd, TIOCOUTQ, &queued), "TIOCOUTQ");
	must(ioctl(fd, TIOCGICOUNT_, &count), "TIOCGICOUNT");
	printf("queued=%d cts=%d dcd=%d\n", queued, count.cts, count.dcd);
	return 0;
}

static int do_printer(const char *device)
{
	int fd = must(open(device, O_WRONLY), device), status = 0, irq = 0;

	must(ioctl(fd, LPRESET, 0), "LPRESET");
	must(ioctl(fd, LPGETSTATUS, &status), "LPGETSTATUS");
	must(ioctl(fd, LPGETIRQ, &irq), "LPGETIRQ");
	printf("status=%02x irq=%d twice=%s", status & 0xf8, irq, error_of(open(device, O_WRONLY)));
	printf(" read=%s seek=%s unknown=%s\n", error_of((int)read(fd, &irq, 4)), error_of((int)lseek(fd, 0, SEEK_SET)), error_of(ioctl(fd, 0x06ff, 0)));
	return 0;
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "", *device = argc > 2 ? argv[2] : "";

	if (!strcmp(what, "events") && argc > 3)
		return do_events(device, atoi(argv[3]), argc > 4 ? argv[4] : "");
	if (!strcmp(what, "about"))
		return do_about(device);
	if (!strcmp(what, "led") && argc > 4)
		return do_led(device, atoi(argv[3]), atoi(argv[4]));
	if (!strcmp(what, "mouse") && argc > 4)
		return do_mouse(device, argv[3], atoi(argv[4]));
	if (!strcmp(what, "rtc"))
		return do_rtc();
	if (!strcmp(what, "lines"))
		return do_lines(device);
	if (!strcmp(what, "carrier"))
		return do_carrier(device);
	if (!strcmp(what, "printer"))
		return do_printer(device);
	return 2;
}
