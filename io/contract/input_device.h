/*
 * Input devices: a driver of a keyboard or mouse reports events (Linux's types and codes), handlers make something of them: evdev
 * (/dev/input/event*), mousedev (/dev/input/mice), the console's keyboard.
 *
 *   driver's interrupt -> input_event -> [state kept, unchanged dropped] -> each handler's event(), under dev->event_lock
 *   a handler or a program -> input_inject -> the same, and the driver's event() for what the device shows (LEDs)
 *
 * A device has one event_lock (irqsave, RANK_INPUT): it guards the state and keeps events in one order for all handlers.
 */
#ifndef IO_CONTRACT_INPUT_DEVICE_H
#define IO_CONTRACT_INPUT_DEVICE_H

#include "io/contract/device.h"
#include "kernel/lib/bitmap.h"
#include "kernel/sync/spinlock.h"
#include "kernel/uapi/input.h"

#define INPUT_WORDS(count) DIV_ROUND_UP(count, 32u)

struct input_dev {
	struct device dev;
	/* Set by the driver before it registers. */
	const char *name, *phys;
	struct input_id id;
	u32 evbit[1], propbit[1];             /* which event types, and which codes of each */
	u32 keybit[INPUT_WORDS(KEY_CNT)];
	u32 relbit[1], mscbit[1], ledbit[1];
	/* A change for the device itself (EV_LED). event_lock held; any context. NULL: it shows nothing. */
	void (*event)(struct input_dev *d, u32 type, u32 code, s32 value);
	void *driver_data;
	/* The core's. */
	u32 number;                           /* inputN */
	struct spinlock event_lock;
	u32 key[INPUT_WORDS(KEY_CNT)], led[1]; /* event_lock: what is down, what is lit */
	u32 in_packet;                        /* event_lock: events since the last SYN_REPORT */
	struct input_handle *grab;            /* event_lock: only this one hears */
	struct list_head handles;             /* input_mutex and event_lock */
	struct list_head node;                /* input_mutex */
	struct kobject *folders[2];           /* of its attributes */
};

/* Between a device and a handler that listens to it. Part of the handler's own object. */
struct input_handle {
	struct input_dev *dev;
	const struct input_handler *handler;
	const char *name; /* for /proc/bus/input/devices: event0 */
	void *private;
	struct list_head node;
};
struct input_handler {
	const char *name;
	bool (*match)(const struct input_dev *d);
	/* A device that matches has come: make a handle and give it to input_open_handle. 0 or -errno. May sleep. */
	int (*connect)(const struct input_handler *h, struct input_dev *d);
	void (*disconnect)(struct input_handle *handle); /* input_close_handle, and forget the device. May sleep */
	void (*event)(struct input_handle *handle, u32 type, u32 code, s32 value); /* event_lock held */
	struct list_head node;
};

/* ---- drivers; process context, may sleep ---- */
struct input_dev *input_allocate_device(void); /* zeroed; NULL: no memory */
void input_free_device(struct input_dev *d);   /* one that was never registered */
/* Takes over d. 0, -ENOMEM ...: then it is still the caller's to free. d->dev.parent is set by the caller. */
int __must_check input_register_device(struct input_dev *d);
/* Handlers let go of it; d is gone with its last user. The driver must not report any more, and d->event is not called afterwards. */
void input_unregister_device(struct input_dev *d);
static inline void input_can(struct input_dev *d, u32 type, u32 *bits, u32 code)
{
	bitmap_set(d->evbit, type);
	bitmap_set(bits, code);
}
/* Something happened. Any context. What the device cannot do or what changes nothing is dropped. */
void input_event(struct input_dev *d, u32 type, u32 code, s32 value);
static inline void input_sync(struct input_dev *d) { input_event(d, EV_SYN, SYN_REPORT, 0); }

/* ---- handlers ---- */
int __must_check input_register_handler(struct input_handler *h); /* for good */
void input_open_handle(struct input_handle *h);  /* from now on its event() is called */
void input_close_handle(struct input_handle *h); /* and no longer */
/* As if the device had sent it, and to the device; nothing when another handle has grabbed it. Any context. */
void input_inject(struct input_handle *h, u32 type, u32 code, s32 value);
void input_inject_locked(struct input_handle *h, u32 type, u32 code, s32 value); /* from event() */
/* 0 or -EBUSY; on false: let go. */
int input_grab(struct input_handle *h, bool on);

#endif
