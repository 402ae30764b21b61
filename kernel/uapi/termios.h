/* Terminals: struct ktermios, flags and ioctls of Linux i386 (asm-generic/termbits.h, ioctls.h). */
#ifndef KERNEL_UAPI_TERMIOS_H
#define KERNEL_UAPI_TERMIOS_H

#include "kernel/lib/types.h"

#define KNCCS 19
struct ktermios {
	u32 c_iflag, c_oflag, c_cflag, c_lflag;
	u8 c_line;
	u8 c_cc[KNCCS];
};
static_assert(sizeof(struct ktermios) == 36, "ABI");
struct ktermio { /* the System V one, TCGETA */
	u16 c_iflag, c_oflag, c_cflag, c_lflag;
	u8 c_line;
	u8 c_cc[8];
};
struct kwinsize {
	u16 ws_row, ws_col, ws_xpixel, ws_ypixel;
};

#define VINTR 0
#define VQUIT 1
#define VERASE 2
#define VKILL 3
#define VEOF 4
#define VTIME 5
#define VMIN 6
#define VSWTC 7
#define VSTART 8
#define VSTOP 9
#define VSUSP 10
#define VEOL 11
#define VREPRINT 12
#define VDISCARD 13
#define VWERASE 14
#define VLNEXT 15
#define VEOL2 16

#define IGNBRK 0x001u
#define BRKINT 0x002u
#define IGNPAR 0x004u
#define PARMRK 0x008u
#define INPCK 0x010u
#define ISTRIP 0x020u
#define INLCR 0x040u
#define IGNCR 0x080u
#define ICRNL 0x100u
#define IUCLC 0x200u
#define IXON 0x400u
#define IXANY 0x800u
#define IXOFF 0x1000u
#define IMAXBEL 0x2000u
#define IUTF8 0x4000u

#define OPOST 0x01u
#define OLCUC 0x02u
#define ONLCR 0x04u
#define OCRNL 0x08u
#define ONOCR 0x10u
#define ONLRET 0x20u
#define TABDLY 0x1800u
#define XTABS 0x1800u

#define CBAUD 0x100fu
#define B0 0u
#define B50 1u
#define B9600 13u
#define B38400 15u
#define B57600 0x1001u
#define B115200 0x1002u
#define CSIZE 0x30u
#define CS8 0x30u
#define CSTOPB 0x40u
#define CREAD 0x80u
#define PARENB 0x100u
#define PARODD 0x200u
#define HUPCL 0x400u
#define CLOCAL 0x800u
#define CRTSCTS 0x80000000u

#define ISIG 0x01u
#define ICANON 0x02u
#define XCASE 0x04u
#define ECHO 0x08u
#define ECHOE 0x10u
#define ECHOK 0x20u
#define ECHONL 0x40u
#define NOFLSH 0x80u
#define TOSTOP 0x100u
#define ECHOCTL 0x200u
#define ECHOPRT 0x400u
#define ECHOKE 0x800u
#define FLUSHO 0x1000u
#define PENDIN 0x4000u
#define IEXTEN 0x8000u

#define TCGETS 0x5401u
#define TCSETS 0x5402u
#define TCSETSW 0x5403u
#define TCSETSF 0x5404u
#define TCGETA 0x5405u
#define TCSETA 0x5406u
#define TCSETAW 0x5407u
#define TCSETAF 0x5408u
#define TCSBRK 0x5409u
#define TCXONC 0x540Au
#define TCFLSH 0x540Bu
#define TIOCEXCL 0x540Cu
#define TIOCNXCL 0x540Du
#define TIOCSCTTY 0x540Eu
#define TIOCGPGRP 0x540Fu
#define TIOCSPGRP 0x5410u
#define TIOCOUTQ 0x5411u
#define TIOCSTI 0x5412u
#define TIOCGWINSZ 0x5413u
#define TIOCSWINSZ 0x5414u
#define TIOCMGET 0x5415u
#define TIOCMBIS 0x5416u
#define TIOCMBIC 0x5417u
#define TIOCMSET 0x5418u
#define TIOCGSOFTCAR 0x5419u
#define TIOCINQ 0x541Bu
#define TIOCNOTTY 0x5422u
#define TCSBRKP 0x5425u
#define TIOCGSID 0x5429u
#define TIOCGICOUNT 0x545Du
#define TIOCPKT 0x5420u
#define TIOCGPTN 0x80045430u
#define TIOCSPTLCK 0x40045431u
#define TIOCSIG 0x40045436u
#define TIOCGPKT 0x80045438u
#define TIOCGPTLCK 0x80045439u
#define TIOCGPTPEER 0x5441u
#define TIOCPKT_DATA 0u /* bits of the first byte that packet mode gives */
#define TIOCPKT_FLUSHREAD 1u
#define TIOCPKT_FLUSHWRITE 2u
#define TIOCPKT_STOP 4u
#define TIOCPKT_START 8u
#define TIOCPKT_NOSTOP 16u
#define TIOCPKT_DOSTOP 32u

#define TCIFLUSH 0u
#define TCOFLUSH 1u
#define TCIOFLUSH 2u
#define TCOOFF 0u
#define TCOON 1u
#define TCIOFF 2u
#define TCION 3u
#define TIOCM_DTR 0x002u
#define TIOCM_RTS 0x004u
#define TIOCM_CTS 0x020u
#define TIOCM_CAR 0x040u
#define TIOCM_RNG 0x080u
#define TIOCM_DSR 0x100u
#define TIOCM_OUT1 0x2000u
#define TIOCM_OUT2 0x4000u
#define TIOCM_LOOP 0x8000u

struct serial_icounter { /* struct serial_icounter_struct */
	s32 cts, dsr, rng, dcd; /* changes of a line */
	s32 rx, tx;             /* bytes */
	s32 frame, overrun, parity, brk;
	s32 buf_overrun;        /* bytes that were received but found no room */
	s32 reserved[9];
};
static_assert(sizeof(struct serial_icounter) == 80, "ABI");

#endif
