/*
 * Small pieces over a new TCP connection, Nagle's algorithm on: the sender holds a piece back until the one before is acknowledged, so each
 * is there at once only if the other end acknowledges at once. Counts those that were not there when write(2) had returned.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

int main(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(a);
	int l = socket(AF_INET, SOCK_STREAM, 0), out = socket(AF_INET, SOCK_STREAM, 0), late = 0;

	if (bind(l, (void *)&a, sizeof(a)) || listen(l, 1) || getsockname(l, (void *)&a, &len) || connect(out, (void *)&a, sizeof(a)))
		return 1;
	int in = accept(l, NULL, NULL);
	for (int i = 1; i <= 12; i++) {
		int there = -1;
		if (write(out, "x", 1) != 1 || ioctl(in, FIONREAD, &there))
			return 1;
		late += there != i;
	}
	printf("late: %d of 12\n", late);
	return 0;
}
