/*
 * The platform bus: devices that cannot be found by asking, because ISA has no configuration space. Somebody registers them where everybody
 * expects them on a PC; whether one is really there is for its driver's probe to find out (-ENODEV if not).
 */
#ifndef DRIVERS_BUS_PLATFORM_H
#define DRIVERS_BUS_PLATFORM_H

#include "io/contract/device.h"

struct platform_device {
	struct device dev;
	const char *name;  /* what drivers match */
	int id;            /* -1: the only one; else the folder is NAME.ID */
	u16 port, nr_ports; /* I/O ports; nr_ports 0: none */
	s8 irq;            /* -1: none */
};
struct platform_driver {
	const char *name;
	int (*setup)(void);   /* once, before it is registered: its class, its files in /proc; or NULL */
	int (*probe)(struct platform_device *p);
	void (*remove)(struct platform_device *p);
	struct device_driver driver; /* filled in by platform_driver_register */
};

static inline struct platform_device *to_platform_device(struct device *d) { return container_of(d, struct platform_device, dev); }
/* Add a device: memory that stays until p->dev is deleted and its last reference gone; p->dev is initialised here. Process context. */
int __must_check platform_device_register(struct platform_device *p);
int __must_check platform_driver_register(struct platform_driver *d);
void platform_driver_unregister(struct platform_driver *d);
int platform_bus_init(void);

#endif
