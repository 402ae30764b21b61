/*
 * The 8042 and its two ports, as the drivers of keyboard (atkbd.c) and mouse (psmouse.c) use it. Bytes from a device arrive through
 * receive; bytes to it go out one by one, each when the one before is acknowledged, driven by the interrupt.
 */
#ifndef DRIVERS_CHAR_I8042_H
#define DRIVERS_CHAR_I8042_H

#include "io/contract/device.h"

#define I8042_SEND_MAX 4u

struct i8042_port {
	const char *name;   /* of its interrupt line in /proc/interrupts */
	s8 irq;
	bool aux;           /* the mouse's */
	/* Set by the device's driver. */
	void (*receive)(struct i8042_port *p, u8 byte); /* a byte that is no acknowledgement; in the interrupt, no lock held */
	void (*idle)(struct i8042_port *p);             /* what was to be sent is sent, or given up; in the interrupt, no lock held */
	/* The controller's: i8042_lock. */
	bool present;
	u8 out[I8042_SEND_MAX];
	u32 out_len, out_at;
	u64 deadline;       /* the device has answered by then, or the rest is given up */
	bool took_more;     /* the last interrupt took bytes that had interrupts of their own */
};

/* Send n bytes (at most I8042_SEND_MAX). false: still busy with the last ones, idle() will be called. Any context. */
bool i8042_send(struct i8042_port *p, const u8 *bytes, u32 n);
/*
 * For probing, while the port has no interrupt: send one byte, wait for its acknowledgement and for `answers` bytes after it. 0, -ENODEV (it
 * does not answer), -EIO. May sleep.
 */
int i8042_ask(struct i8042_port *p, u8 byte, u8 *answer, u32 answers);

int atkbd_connect(struct i8042_port *p, struct device *parent);
void atkbd_disconnect(struct i8042_port *p);
int psmouse_connect(struct i8042_port *p, struct device *parent);
void psmouse_disconnect(struct i8042_port *p);

#endif
