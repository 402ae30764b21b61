/*
 * The input core (io/contract/input_device.h): devices, handlers, and the way of an event between them. A device's state is kept here, so
 * that what changes nothing is dropped for all handlers alike: a key that goes up without having been down, a LED that is lit already.
 */
#include "io/char/input/input.h"
#include "io/contract/char_device.h"
#include "kernel/debug/bug.h"
#include "kernel/debug/printk.h"
#include "kernel/init.h"
#include "mm/alloc.h"

struct class input_class = { .name = "input" };
DEFINE_MUTEX_RANK(input_mutex, RANK_REGISTRY);
LIST_HEAD(input_devices);
static LIST_HEAD(handlers);
static u32 next_number; /* input_mutex */

/* ---- events ---- */

const u32 *input_bits(const struct input_dev *d, u32 type, u32 *count)
{
	switch (type) {
	case 0: *count = EV_CNT; return d->evbit; /* asked for the types themselves */
	case EV_KEY: *count = KEY_CNT; return d->keybit;
	case EV_REL: *count = REL_CNT; return d->relbit;
	case EV_MSC: *count = MSC_CNT; return d->mscbit;
	case EV_LED: *count = LED_CNT; return d->ledbit;
	}
	return NULL;
}

static bool supported(const struct input_dev *d, u32 type, u32 code)
{
	u32 count;
	const u32 *bits = type ? input_bits(d, type, &count) : NULL;

	return bits && code < count && bitmap_test(d->evbit, type) && bitmap_test(bits, code);
}

static void set_state(u32 *map, u32 code, bool on)
{
	if (on)
		bitmap_set(map, code);
	else
		bitmap_clear(map, code);
}

/* Whether it is news; the state is changed. Lock held. */
static bool is_news(struct input_dev *d, u32 type, u32 code, s32 value)
{
	if (type == EV_SYN)
		return code == SYN_REPORT && d->in_packet;
	if (!supported(d, type, code))
		return false;
	switch (type) {
	case EV_KEY:
		if (value == 2)
			return bitmap_test(d->key, code);
		if (bitmap_test(d->key, code) == !!value)
			return false;
		set_state(d->key, code, value);
		return true;
	case EV_LED:
		if (bitmap_test(d->led, code) == !!value)
			return false;
		set_state(d->led, code, value);
		return true;
	case EV_REL:
		return value != 0;
	}
	return true;
}

static void pass_on(struct input_dev *d, u32 type, u32 code, s32 value)
{
	struct input_handle *h;

	assert_spin_held(&d->event_lock);
	if (!is_news(d, type, code, value))
		return;
	d->in_packet = type == EV_SYN ? 0 : d->in_packet + 1;
	if (type == EV_LED && d->event)
		d->event(d, type, code, value);
	if (d->grab) {
		d->grab->handler->event(d->grab, type, code, value);
		return;
	}
	list_for_each_entry(h, &d->handles, node)
		h->handler->event(h, type, code, value);
}

void input_event(struct input_dev *d, u32 type, u32 code, s32 value)
{
	u32 flags = spin_lock_irqsave(&d->event_lock);

	pass_on(d, type, code, value);
	spin_unlock_irqrestore(&d->event_lock, flags);
}

void input_inject_locked(struct input_handle *h, u32 type, u32 code, s32 value)
{
	if (!h->dev->grab || h->dev->grab == h)
		pass_on(h->dev, type, code, value);
}

void input_inject(struct input_handle *h, u32 type, u32 code, s32 value)
{
	u32 flags = spin_lock_irqsave(&h->dev->event_lock);

	input_inject_locked(h, type, code, value);
	spin_unlock_irqrestore(&h->dev->event_lock, flags);
}

int input_grab(struct input_handle *h, bool on)
{
	u32 flags = spin_lock_irqsave(&h->dev->event_lock);
	int error = 0;

	if (!on && h->dev->grab == h)
		h->dev->grab = NULL;
	else if (on && h->dev->grab)
		error = -EBUSY;
	else if (on)
		h->dev->grab = h;
	spin_unlock_irqrestore(&h->dev->event_lock, flags);
	return error;
}

void input_open_handle(struct input_handle *h)
{
	u32 flags = spin_lock_irqsave(&h->dev->event_lock);

	list_add_tail(&h->node, &h->dev->handles);
	spin_unlock_irqrestore(&h->dev->event_lock, flags);
}

void input_close_handle(struct input_handle *h)
{
	u32 flags = spin_lock_irqsave(&h->dev->event_lock);

	list_del(&h->node);
	if (h->dev->grab == h)
		h->dev->grab = NULL;
	spin_unlock_irqrestore(&h->dev->event_lock, flags);
}

/* ---- registration ---- */

static void release_device(struct device *dev)
{
	kfree(container_of(dev, struct input_dev, dev));
}

struct input_dev *input_allocate_device(void)
{
	struct input_dev *d = kzalloc(sizeof(*d), GFP_KERNEL);

	if (!d)
		return NULL;
	device_init(&d->dev);
	d->dev.class = &input_class;
	d->dev.release = release_device;
	spin_lock_init(&d->event_lock, "input", RANK_INPUT);
	INIT_LIST_HEAD(&d->handles);
	bitmap_set(d->evbit, EV_SYN);
	return d;
}

void input_free_device(struct input_dev *d)
{
	if (d)
		put_device(&d->dev);
}

/* input_mutex held. A handler that cannot take the device goes without it. */
static void attach(struct input_handler *h, struct input_dev *d)
{
	int error;

	if (!h->match(d))
		return;
	error = h->connect(h, d);
	if (error)
		pr_warn("input: %s cannot listen to %s: %pe\n", h->name, d->name, ERR_PTR(error));
}

int input_register_device(struct input_dev *d)
{
	struct input_handler *h;
	int error;

	mutex_lock(&input_mutex);
	d->number = next_number;
	error = device_add(&d->dev, "input%u", d->number);
	if (!error) {
		error = input_add_files(d);
		if (error) {
			input_remove_files(d);
			device_del(&d->dev);
		}
	}
	if (!error) {
		next_number++;
		list_add_tail(&d->node, &input_devices);
		pr_info("input: %s as %s\n", d->name, device_name(&d->dev));
		list_for_each_entry(h, &handlers, node)
			attach(h, d);
	}
	mutex_unlock(&input_mutex);
	return error;
}

/* What is still down goes up, so that no handler waits for it for ever. */
static void release_keys(struct input_dev *d)
{
	u32 flags = spin_lock_irqsave(&d->event_lock);

	for (u32 code = 0; code < KEY_CNT; code++)
		if (bitmap_test(d->key, code))
			pass_on(d, EV_KEY, code, 0);
	pass_on(d, EV_SYN, SYN_REPORT, 0);
	d->event = NULL;
	spin_unlock_irqrestore(&d->event_lock, flags);
}

void input_unregister_device(struct input_dev *d)
{
	mutex_lock(&input_mutex);
	release_keys(d);
	while (!list_empty(&d->handles)) {
		struct input_handle *h = list_first_entry(&d->handles, struct input_handle, node);

		h->handler->disconnect(h);
	}
	list_del(&d->node);
	input_remove_files(d);
	mutex_unlock(&input_mutex);
	device_del(&d->dev);
	put_device(&d->dev);
}

int input_register_handler(struct input_handler *h)
{
	struct input_dev *d;

	mutex_lock(&input_mutex);
	list_add_tail(&h->node, &handlers);
	list_for_each_entry(d, &input_devices, node)
		attach(h, d);
	mutex_unlock(&input_mutex);
	return 0;
}

int input_init(void)
{
	int error = class_register(&input_class);

	if (!error)
		error = input_proc_init();
	if (!error)
		error = evdev_init();
	return error ? error : mousedev_init();
}
