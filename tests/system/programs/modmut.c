/*
 * modmut FILE CHANGES: give the kernel a module with one change after the other. A line of CHANGES is "LENGTH [OFFSET HEX]...": the file cut to
 * LENGTH bytes, with these bytes at these places. Each must be refused with ENOEXEC or ENOENT. Prints how often each, and what was taken.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static char file[1 << 20], copy[1 << 20], line[1 << 16];

int main(int argc, char **argv)
{
	FILE *f = fopen(argv[1], "r"), *changes = fopen(argv[2], "r");
	size_t size = fread(file, 1, sizeof(file), f);
	int noexec = 0, noent = 0, other = 0;

	(void)argc;
	for (int n = 1; fgets(line, sizeof(line), changes); n++) {
		char *at = line;
		size_t length = strtoul(at, &at, 10);

		memcpy(copy, file, size);
		for (;;) {
			char *end;
			unsigned long offset = strtoul(at, &end, 10);
			unsigned byte;

			if (end == at)
				break;
			for (at = end + 1; sscanf(at, "%2x", &byte) == 1 && *at != ' ' && *at != '\n'; at += 2)
				copy[offset++] = (char)byte;
		}
		if (syscall(SYS_init_module, copy, length, "") == 0) {
			printf("change %d was taken: %s", n, line);
			other++;
			syscall(SYS_delete_module, "mychar", 0);
		} else if (errno == ENOEXEC) {
			noexec++;
		} else if (errno == ENOENT) {
			noent++;
		} else {
			printf("change %d: errno %d: %s", n, errno, line);
			other++;
		}
	}
	printf("noexec=%d noent=%d other=%d\n", noexec, noent, other);
	return other != 0;
}
