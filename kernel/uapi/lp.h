/* Printer ports, Linux (include/uapi/linux/lp.h). */
#ifndef KERNEL_UAPI_LP_H
#define KERNEL_UAPI_LP_H

/* The status port as LPGETSTATUS gives it. BUSY reads inverted: set means ready. */
#define LP_PBUSY 0x80u
#define LP_PACK 0x40u    /* low while a byte is acknowledged */
#define LP_POUTPA 0x20u  /* out of paper */
#define LP_PSELECD 0x10u /* on line */
#define LP_PERRORP 0x08u /* low: an error */

#define LP_EXIST 0x0001u
#define LP_BUSY 0x0004u
#define LP_ABORT 0x0040u     /* an error ends a write, instead of a wait for somebody who mends it */
#define LP_CAREFUL 0x0080u
#define LP_ABORTOPEN 0x0100u /* an error ends an open */

#define LPABORT 0x0604u
#define LPSETIRQ 0x0605u
#define LPGETIRQ 0x0606u
#define LPCAREFUL 0x0609u
#define LPABORTOPEN 0x060au
#define LPGETSTATUS 0x060bu
#define LPRESET 0x060cu
#define LPGETFLAGS 0x060eu

#endif
