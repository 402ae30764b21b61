/* The screen's terminal, as the keyboard feeds it. */
#ifndef DRIVERS_CHAR_VGA_CONSOLE_H
#define DRIVERS_CHAR_VGA_CONSOLE_H

#include "io/contract/char_device.h"

struct tty *vga_tty(void);   /* NULL before it is registered */
bool vga_app_cursor(void);   /* arrows in application mode */
void vga_scroll(int lines);  /* the view, back (> 0) or forth; any context */

#endif
