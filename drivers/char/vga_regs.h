/* VGA in text mode 3: IBM VGA technical reference, "CRT controller registers". */
#ifndef DRIVERS_CHAR_VGA_REGS_H
#define DRIVERS_CHAR_VGA_REGS_H

#define VGA_TEXT_PHYS 0xB8000u /* 80x25 cells, character then attribute */
#define VGA_CRTC_INDEX 0x3D4u  /* W  register number */
#define VGA_CRTC_DATA 0x3D5u   /* RW its value */
#define CRTC_CURSOR_START 0x0Au
#define CRTC_CURSOR_HIGH 0x0Eu
#define CRTC_CURSOR_LOW 0x0Fu
#define CURSOR_START_OFF 0x20u /* no cursor */
#define CURSOR_START_LINE 13u

#endif
