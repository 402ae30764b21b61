/* manyfiles FOLDER COUNT SEED: COUNT small files in one folder; the even ones are removed, the odd ones renamed to renamed-N. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static void make(int i, const char *seed)
{
	char name[32];
	FILE *f;

	snprintf(name, sizeof(name), "file-%d", i);
	f = fopen(name, "w");
	if (!f) {
		perror(name);
		exit(1);
	}
	for (int line = 0; line < i % 50; line++)
		fprintf(f, "%s %d\n", seed, i);
	if (fclose(f)) {
		perror(name);
		exit(1);
	}
}

int main(int argc, char **argv)
{
	int count = argc == 4 ? atoi(argv[2]) : 0;

	if (!count || chdir(argv[1])) {
		fprintf(stderr, "usage: manyfiles FOLDER COUNT SEED\n");
		return 1;
	}
	for (int i = 0; i < count; i++)
		make(i, argv[3]);
	for (int i = 0; i < count; i++) {
		char name[32], other[32];

		snprintf(name, sizeof(name), "file-%d", i);
		snprintf(other, sizeof(other), "renamed-%d", i);
		if (i % 2 ? rename(name, other) : unlink(name)) {
			perror(name);
			return 1;
		}
	}
	return 0;
}
