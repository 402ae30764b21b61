/*
 * /dev/channel0: channel programs. Ours; the codes and flags are those of the channel command words of the IBM System/360 (Principles of Operation,
 * "Input/Output Operations"), as far as they have a meaning for a disk. docs/channel.md explains it.
 *
 * write(2) takes a struct channel_program and right behind it its commands, checks all of them and starts the program. The device is an open
 * block device; it must be open for reading (writing) if the program reads (writes). read(2) waits for the end and gives a
 * struct channel_status; poll(2) says POLLIN then, and SIGIO comes if asked for. Closing the last descriptor stops a program after the
 * transfer under way.
 */
#ifndef KERNEL_UAPI_CHANNEL_H
#define KERNEL_UAPI_CHANNEL_H

#define CHANNEL_MAX_COMMANDS 1024u
#define CHANNEL_MAX_STEPS 65536u /* commands carried out by one program, loops counted */

/* op; what address and count mean */
#define CHANNEL_WRITE 0x01    /* memory at address to the device, count bytes, from where the device stands */
#define CHANNEL_READ 0x02     /* the other way */
#define CHANNEL_NOP 0x03
#define CHANNEL_SEEK 0x07     /* the device stands at sector `address` (512 bytes each) from now on; 0 at the start */
#define CHANNEL_TRANSFER 0x08 /* "transfer in channel": go on at command `address`, count times; the next time fall through */

/* flags */
#define CHANNEL_CHAIN_DATA 0x80    /* the next command's memory continues this transfer: scatter and gather */
#define CHANNEL_CHAIN_COMMAND 0x40 /* when this one has ended well, carry out the next; without it the program ends */

struct channel_command {
	unsigned char op, flags;
	unsigned short spare;       /* 0 */
	unsigned int count;         /* bytes: whole sectors */
	unsigned long long address; /* of memory: a multiple of 512 */
};

struct channel_program {
	int device;                 /* descriptor */
	unsigned int commands;      /* how many follow */
};

struct channel_status {
	int error;                  /* 0, or -errno of the command that failed; -ELOOP: more than CHANNEL_MAX_STEPS */
	unsigned int command;       /* index of that command, or of the last one */
	unsigned int executed;      /* commands carried out */
	unsigned int transfers;     /* requests to the device they made */
	unsigned int interrupts;    /* how often the owner was interrupted: once, at the end */
	unsigned int switches;      /* context switches of the CPU from start to end, whoever they were for */
	unsigned long long bytes;   /* moved */
	unsigned long long cycles;  /* CPU time the channel took for its own work, without block layer and driver */
};

#endif
