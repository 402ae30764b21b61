/* The kernel command line: words separated by spaces; double quotes keep spaces inside a word and are dropped. */
#include "kernel/cmdline.h"
#include "kernel/hal/multiboot.h"
#include "kernel/lib/string.h"

#define MAX_WORDS 64

static const char *line = ""; /* as it came */
static char text[BOOT_CMDLINE_MAX]; /* cut into words */
static char *words[MAX_WORDS];
static u32 nr_words;

static void split(const char *s)
{
	char *out = text;

	while (nr_words < MAX_WORDS) {
		bool quoted = false;
		while (*s == ' ')
			s++;
		if (!*s)
			break;
		words[nr_words++] = out;
		for (; *s && (quoted || *s != ' '); s++) {
			if (*s == '"')
				quoted = !quoted;
			else
				*out++ = *s;
		}
		*out++ = '\0';
	}
}

void cmdline_init(void)
{
	line = boot_info()->cmdline;
	if (!strcmp(boot_info()->loader, "qemu")) { /* QEMU's own loader puts the path of the kernel first; GRUB does not */
		while (*line && *line != ' ')
			line++;
		while (*line == ' ')
			line++;
	}
	split(line);
}

const char *cmdline_all(void) { return line; }

const char *cmdline_get(const char *name)
{
	size_t n = strlen(name);

	for (u32 i = nr_words; i-- > 0;) {
		if (strncmp(words[i], name, n))
			continue;
		if (words[i][n] == '=')
			return words[i] + n + 1;
		if (!words[i][n])
			return "";
	}
	return NULL;
}
