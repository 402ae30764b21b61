/* Inside the input core: what its parts share. */
#ifndef IO_CHAR_INPUT_INPUT_H
#define IO_CHAR_INPUT_INPUT_H

#include "io/contract/input_device.h"
#include "kernel/sync/mutex.h"

#define INPUT_MAJOR 13u
#define MOUSE_FIRST_MINOR 32u
#define MICE_MINOR 63u
#define EVENT_FIRST_MINOR 64u
#define INPUT_NODES 31u /* of each kind */

extern struct class input_class;
extern struct mutex input_mutex;       /* RANK_REGISTRY: devices, handlers, handles */
extern struct list_head input_devices; /* input_mutex */

/* The bits of an event type and how many there are; NULL: this kernel has none of that type. */
const u32 *input_bits(const struct input_dev *d, u32 type, u32 *count);
int input_add_files(struct input_dev *d); /* its attributes in /sys. 0 or -errno */
void input_remove_files(struct input_dev *d);
int input_proc_init(void);                /* /proc/bus/input */
int evdev_init(void);
int mousedev_init(void);

#endif
