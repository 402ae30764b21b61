/*
 * For LD_PRELOAD under QEMU: the lines of a modem on a serial port that is a pseudo-terminal, which has none. TIOCMGET answers what the file
 * $MODEM_LINES holds, a number in hex; all else goes through.
 */
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

int ioctl(int fd, unsigned long request, ...)
{
	const char *path = getenv("MODEM_LINES");
	char text[16] = "";
	void *arg;
	va_list ap;
	int file;

	va_start(ap, request);
	arg = va_arg(ap, void *);
	va_end(ap);
	if (request != TIOCMGET || !path || (file = open(path, O_RDONLY)) < 0)
		return (int)syscall(SYS_ioctl, fd, request, arg);
	if (read(file, text, sizeof(text) - 1) > 0)
		*(int *)arg = (int)strtol(text, NULL, 16);
	close(file);
	return 0;
}
