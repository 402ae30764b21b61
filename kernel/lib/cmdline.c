/* The kernel command line: words separated by spaces; double quotes keep spaces inside a word and are dropped. */
#include "kernel/lib/cmdline.h"
#include "kernel/lib/string.h"

#define MAX_WORDS 64u

static char whole[CMDLINE_MAX]; /* as it came */
static char text[CMDLINE_MAX];  /* cut into words */
static char *words[MAX_WORDS];
static u32 nr_words;

void cmdline_init(const char *line)
{
	const char *s = whole;
	char *out = text;

	(void)strscpy(whole, line, sizeof(whole));
	for (nr_words = 0; nr_words < MAX_WORDS; nr_words++) {
		bool quoted = false;
		while (*s == ' ')
			s++;
		if (!*s)
			return;
		words[nr_words] = out;
		for (; *s && (quoted || *s != ' '); s++) {
			if (*s == '"')
				quoted = !quoted;
			else
				*out++ = *s;
		}
		*out++ = '\0'; /* in the place of the space or of the terminator */
	}
}

const char *cmdline_all(void) { return whole; }

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
