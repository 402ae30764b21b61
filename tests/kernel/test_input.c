/* The input core: state, what is news and what is not, a device that goes while a program has it open. */
#include "io/contract/file.h"
#include "io/contract/input_device.h"
#include "kernel/lib/printf.h"
#include "kernel/lib/string.h"
#include "tests/kernel/ktest.h"

static u32 led_changes;

static void fake_event(struct input_dev *d, u32 type, u32 code, s32 value)
{
	led_changes++;
}

static struct input_dev *fake_mouse(void)
{
	struct input_dev *d = input_allocate_device();

	if (!d)
		return NULL;
	d->name = "ktest mouse";
	d->phys = "ktest/input0";
	d->event = fake_event;
	input_can(d, EV_KEY, d->keybit, BTN_LEFT);
	input_can(d, EV_REL, d->relbit, REL_X);
	input_can(d, EV_REL, d->relbit, REL_Y);
	input_can(d, EV_LED, d->ledbit, LED_CAPSL);
	if (KT_EXPECT(!input_register_device(d)))
		return d;
	input_free_device(d);
	return NULL;
}

/* The file of a handle whose name begins so. */
static struct file *open_node(struct input_dev *d, const char *kind)
{
	struct input_handle *h;
	char path[32] = "";

	list_for_each_entry(h, &d->handles, node)
		if (!strncmp(h->name, kind, strlen(kind)))
			ksnprintf(path, sizeof(path), "/dev/input/%s", h->name);
	return file_open(path, O_RDWR | O_NONBLOCK, 0);
}

static void expect_event(struct file *f, u32 type, u32 code, s32 value)
{
	struct input_event e = { 0 };
	loff_t pos = 0;

	KT_EQUAL(kernel_read(f, &e, sizeof(e), &pos), (ssize_t)sizeof(e));
	KT_EXPECT(e.type == type && e.code == code && e.value == value);
}

KTEST(input_news_only)
{
	struct input_dev *d = fake_mouse();
	struct input_event e;
	loff_t pos = 0;

	KT_REQUIRE(d);
	struct file *f = open_node(d, "event");
	if (KT_EXPECT(!IS_ERR(f))) {
		input_event(d, EV_KEY, BTN_LEFT, 0);  /* was not down */
		input_event(d, EV_REL, REL_X, 0);     /* has not moved */
		input_event(d, EV_KEY, KEY_ENTER, 1); /* has no such key */
		input_event(d, EV_KEY, 100000, 1);
		input_event(d, EV_ABS, 0, 1);
		input_sync(d);                        /* nothing to report */
		KT_EQUAL(kernel_read(f, &e, sizeof(e), &pos), -EAGAIN);
		input_event(d, EV_KEY, BTN_LEFT, 1);
		input_event(d, EV_KEY, BTN_LEFT, 1);
		input_event(d, EV_REL, REL_Y, -3);
		KT_EQUAL(kernel_read(f, &e, sizeof(e), &pos), -EAGAIN); /* a packet is not whole yet */
		input_sync(d);
		expect_event(f, EV_KEY, BTN_LEFT, 1);
		expect_event(f, EV_REL, REL_Y, -3);
		expect_event(f, EV_SYN, SYN_REPORT, 0);
		e = (struct input_event){ .type = EV_LED, .code = LED_CAPSL, .value = 1 };
		led_changes = 0;
		KT_EQUAL(kernel_write(f, &e, sizeof(e), &pos), (ssize_t)sizeof(e));
		KT_EQUAL(kernel_write(f, &e, sizeof(e), &pos), (ssize_t)sizeof(e));
		KT_EQUAL(led_changes, 1);
		fput(f);
	}
	input_unregister_device(d);
}

KTEST(input_device_goes_while_open)
{
	struct input_dev *d = fake_mouse();
	struct input_event e;
	loff_t pos = 0;
	u8 packet[8];

	KT_REQUIRE(d);
	struct file *event = open_node(d, "event"), *mouse = open_node(d, "mouse");
	if (KT_EXPECT(!IS_ERR(event) && !IS_ERR(mouse))) {
		input_event(d, EV_KEY, BTN_LEFT, 1);
		input_sync(d);
		expect_event(event, EV_KEY, BTN_LEFT, 1);
		KT_EQUAL(kernel_read(mouse, packet, sizeof(packet), &pos), 3);
		KT_EQUAL(packet[0], 0x09);
	}
	input_unregister_device(d);
	if (!IS_ERR(event)) {
		KT_EQUAL(kernel_read(event, &e, sizeof(e), &pos), -ENODEV);
		KT_EQUAL(kernel_write(event, &e, sizeof(e), &pos), -ENODEV);
		KT_EQUAL(event->ops->ioctl(event, EVIOCGID, 0), -ENODEV);
		KT_EXPECT(event->ops->poll(event, NULL) & POLLHUP);
		fput(event);
	}
	if (!IS_ERR(mouse)) {
		KT_EQUAL(kernel_read(mouse, packet, sizeof(packet), &pos), -ENODEV);
		fput(mouse);
	}
}
