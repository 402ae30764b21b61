/*
 * rawkeys REPORT: makes its terminal raw and writes to the file or terminal REPORT what it reads, two hex digits a byte, a space after
 * each; READY first. SIGTERM ends it, and the terminal is as before.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <termios.h>
#include <unistd.h>

static struct termios before;

static void end(int nr)
{
	tcsetattr(0, TCSANOW, &before);
	_exit(0);
}

int main(int argc, char **argv)
{
	unsigned char buf[64];
	struct termios raw;
	ssize_t n;
	int out;

	if (argc != 2 || tcgetattr(0, &before) || (out = open(argv[1], O_WRONLY | O_NOCTTY)) < 0)
		return 1;
	raw = before;
	cfmakeraw(&raw);
	tcsetattr(0, TCSANOW, &raw);
	signal(SIGTERM, end);
	dprintf(out, "READY\n");
	while ((n = read(0, buf, sizeof(buf))) > 0)
		for (ssize_t i = 0; i < n; i++)
			dprintf(out, "%02x ", buf[i]);
	end(0);
}
