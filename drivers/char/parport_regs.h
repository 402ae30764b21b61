/* The PC's parallel port in compatibility mode: IEEE 1284-1994, annex on the PC parallel port; IBM PC Technical Reference, "Printer Adapter". */
#ifndef DRIVERS_CHAR_PARPORT_REGS_H
#define DRIVERS_CHAR_PARPORT_REGS_H

#define PARPORT_DATA 0u    /* RW what lies on the data lines */
#define PARPORT_STATUS 1u  /* R  LP_P* of kernel/uapi/lp.h; QEMU lets go of the interrupt when it is read */
#define PARPORT_CONTROL 2u /* RW */
#define PARPORT_CONTROL_STROBE 0x01u /* the data is taken when this falls; at least 0.5 us */
#define PARPORT_CONTROL_INIT 0x04u   /* low: resets the printer */
#define PARPORT_CONTROL_SELECT 0x08u
#define PARPORT_CONTROL_INTEN 0x10u  /* an interrupt with each acknowledgement */
#define PARPORT_CONTROL_INPUT 0x20u  /* data lines are inputs */
#define PARPORT_NR_PORTS 3u

#endif
