/*
 * execve with everything that can be wrong: damaged ELF files, scripts, too many arguments, files that may not be executed. Prints one line
 * a case: the errno, or how the new program ended. Without arguments it runs the cases in the current folder; with some it is the program.
 */
#define _GNU_SOURCE
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;
static char *image;
static size_t image_size;

static void write_file(const char *name, const void *data, size_t size, mode_t mode)
{
	int fd = open(name, O_CREAT | O_TRUNC | O_WRONLY, mode);

	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		_exit(98);
	fchmod(fd, mode);
	close(fd);
}

/* Run it in a child: the error comes back through the exit status, a program that starts says 0, 33 or dies. */
static void run(const char *what, const char *path, char **argv)
{
	char *own[] = { (char *)path, "started", NULL };
	int status, p[2], error = 0;
	pid_t pid;

	if (pipe2(p, O_CLOEXEC))
		_exit(97);
	pid = fork();
	if (pid == 0) {
		execve(path, argv ? argv : own, environ);
		error = errno;
		_exit(write(p[1], &error, sizeof(error)) != sizeof(error));
	}
	close(p[1]);
	if (read(p[0], &error, sizeof(error)) != sizeof(error))
		error = 0;
	close(p[0]);
	waitpid(pid, &status, 0);
	if (error)
		printf("%s: %s\n", what, strerror(error));
	else if (WIFSIGNALED(status))
		printf("%s: ran, signal %d\n", what, WTERMSIG(status));
	else
		printf("%s: ran, exit %d\n", what, WEXITSTATUS(status));
	fflush(stdout);
}

static Elf32_Ehdr *head(void) { return (Elf32_Ehdr *)image; }
static Elf32_Phdr *load(void)
{
	Elf32_Phdr *p = (Elf32_Phdr *)(image + head()->e_phoff);

	while (p->p_type != PT_LOAD)
		p++;
	return p;
}

/* One change to a good file. */
#define DAMAGED(what, change) \
	do { \
		char *good = memcpy(malloc(image_size), image, image_size); \
		change; \
		write_file("damaged", image, image_size, 0755); \
		memcpy(image, good, image_size); \
		free(good); \
		run(what, "./damaged", NULL); \
	} while (0)

static void headers(void)
{
	DAMAGED("unchanged", (void)0);
	DAMAGED("magic", image[1] = 'X');
	DAMAGED("64 bits", image[EI_CLASS] = ELFCLASS64);
	DAMAGED("big endian", image[EI_DATA] = ELFDATA2MSB);
	DAMAGED("machine", head()->e_machine = EM_ARM);
	DAMAGED("relocatable", head()->e_type = ET_REL);
	DAMAGED("no headers", head()->e_phnum = 0);
	DAMAGED("65535 headers", head()->e_phnum = 65535);
	DAMAGED("header size", head()->e_phentsize = 31);
	DAMAGED("headers past the end", head()->e_phoff = (Elf32_Off)image_size - 8);
	DAMAGED("headers far away", head()->e_phoff = 0xfffffff0);
	DAMAGED("nothing to load", for (int i = 0; i < head()->e_phnum; i++)((Elf32_Phdr *)(image + head()->e_phoff))[i].p_type = PT_NULL);
}

static void segments(void)
{
	DAMAGED("file larger than memory", load()->p_filesz = load()->p_memsz + 1);
	DAMAGED("memory around the end", load()->p_memsz = 0xffffffff);
	DAMAGED("address in the kernel", load()->p_vaddr = 0xc0100000);
	DAMAGED("address at the end", load()->p_vaddr = 0xfffff000);
	DAMAGED("address over the stack", load()->p_vaddr = 0x7ffff000);
	DAMAGED("address zero", load()->p_vaddr = 0);
	DAMAGED("address and offset disagree", load()->p_vaddr += 4);
	DAMAGED("offset past the end", load()->p_offset += 0x10000000);
	DAMAGED("entry in the kernel", head()->e_entry = 0xc0100000);
	DAMAGED("entry nowhere", head()->e_entry = 0x100);
	DAMAGED("interpreter without a name", load()->p_type = PT_INTERP; load()->p_filesz = 0);
	DAMAGED("interpreter with a long name", load()->p_type = PT_INTERP; load()->p_filesz = 100000; load()->p_memsz = 100000);
	DAMAGED("interpreter without an end", load()->p_type = PT_INTERP; load()->p_offset = 0; load()->p_filesz = 4);
}

static void short_files(void)
{
	static const size_t sizes[] = { 0, 1, 4, 16, 51, 52, 60, 84, 200 };

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		char what[40];
		snprintf(what, sizeof(what), "first %zu bytes", sizes[i]);
		write_file("short", image, sizes[i], 0755);
		run(what, "./short", NULL);
	}
}

/* Random damage to the headers: whatever happens, it happens to the program only. */
static void random_damage(int rounds)
{
	unsigned seed = 12345;

	for (int r = 0; r < rounds; r++) {
		char *good = memcpy(malloc(image_size), image, image_size);
		int status, changes = 1 + (int)(seed >> 8) % 4;
		pid_t pid;
		for (int c = 0; c < changes; c++) {
			seed = seed * 1103515245 + 12345;
			image[(seed >> 4) % 200] = (char)(seed >> 20);
		}
		write_file("random", image, image_size, 0755);
		memcpy(image, good, image_size);
		free(good);
		pid = fork();
		if (pid == 0) {
			struct rlimit cpu = { 1, 1 };
			setrlimit(RLIMIT_CPU, &cpu);
			freopen("/dev/null", "w", stdout);
			execl("./random", "random", "started", (char *)NULL);
			_exit(1);
		}
		waitpid(pid, &status, 0);
	}
	printf("random damage: survived\n");
	fflush(stdout);
}

static void script(const char *what, const char *text)
{
	write_file("script", text, strlen(text), 0755);
	run(what, "./script", NULL);
}

static void scripts(const char *self)
{
	char text[400], name[20];

	snprintf(text, sizeof(text), "#!%s\n", self);
	script("script", text);
	snprintf(text, sizeof(text), "#! \t%s  one argument \nrest\n", self);
	script("script with an argument", text);
	snprintf(text, sizeof(text), "#!%s", self);
	script("script without a line end", text);
	script("script without a name", "#!\n");
	script("script without a name but blanks", "#!  \t \n");
	script("script of a missing interpreter", "#!/no/such/file\n");
	script("script of a folder", "#!/\n");
	memset(text, 'x', sizeof(text) - 1);
	memcpy(text, "#!/", 3);
	text[sizeof(text) - 1] = 0;
	script("script with a long line", text);
	write_file("s0", "", 0, 0755);
	snprintf(text, sizeof(text), "#!%s\n", self);
	write_file("s0", text, strlen(text), 0755);
	for (int depth = 1; depth <= 6; depth++) {
		snprintf(text, sizeof(text), "#!./s%d\n", depth - 1);
		snprintf(name, sizeof(name), "s%d", depth);
		write_file(name, text, strlen(text), 0755);
		snprintf(text, sizeof(text), "./s%d", depth);
		snprintf(name, sizeof(name), "nested %d", depth + 1);
		run(name, text, NULL);
	}
	write_file("loop", "#!./loop\n", 9, 0755);
	run("script of itself", "./loop", NULL);
	write_file("plain", "exit 3\n", 7, 0755);
	run("text without #!", "./plain", NULL);
}

static void arguments(const char *self)
{
	size_t n = 70000;
	char **many = calloc(n + 1, sizeof(char *)), *big = malloc(200000), *some[4] = { (char *)self, "started", NULL, NULL };

	for (size_t i = 0; i < n; i++)
		many[i] = "started";
	run("70000 arguments", self, many);
	memset(big, 'a', 200000);
	big[131070] = 0;
	some[2] = big;
	run("an argument of 131071 bytes", self, some);
	big[131070] = 'a';
	big[131072] = 0;
	run("an argument of 131073 bytes", self, some);
	big[131072] = 'a';
	big[60000] = 0;
	for (size_t i = 2; i < n; i++)
		many[i] = big;
	run("gigabytes of arguments", self, many);
	run("arguments at a bad address", self, (char **)16);
	some[2] = (char *)0xc0000000;
	run("an argument in the kernel", self, some);
	some[0] = NULL;
	run("no arguments at all", self, some);
	free(many);
	free(big);
}

static void files(const char *self)
{
	int fd, status;
	char path[30];
	pid_t pid;

	run("missing", "./missing", NULL);
	run("empty name", "", NULL);
	run("folder", ".", NULL);
	run("device", "/dev/null", NULL);
	write_file("file", image, image_size, 0644);
	run("not executable", "./file", NULL);
	run("file as a folder", "./file/x", NULL);
	chmod("file", 0755);
	fd = open("file", O_WRONLY);
	run("open for writing", "./file", NULL);
	close(fd);
	run("closed again", "./file", NULL);
	/* And the other way: a running program cannot be written. */
	pid = fork();
	if (pid == 0) {
		execl("./file", "file", "sleep", (char *)NULL);
		_exit(1);
	}
	usleep(100000);
	fd = open("file", O_WRONLY);
	printf("write to a running program: %s\n", fd < 0 ? strerror(errno) : "opened");
	close(fd);
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	fd = open("file", O_WRONLY);
	printf("after its end: %s\n", fd < 0 ? strerror(errno) : "opened");
	fflush(stdout);
	close(fd);
	fd = open(self, O_PATH | O_CLOEXEC);
	pid = fork();
	if (pid == 0) {
		char *argv[] = { "by-descriptor", "started", NULL };
		syscall(SYS_execveat, fd, "", argv, environ, AT_EMPTY_PATH);
		_exit(errno);
	}
	waitpid(pid, &status, 0);
	printf("execveat of a descriptor: %d\n", WEXITSTATUS(status));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	run("through /proc/self/fd", path, NULL);
	symlink("loop2", "loop1");
	symlink("loop1", "loop2");
	run("symlinks in a circle", "./loop1", NULL);
}

/* What the kernel says about the new program. */
static void vectors(void)
{
	const unsigned char *random = (const unsigned char *)getauxval(AT_RANDOM);
	int sum = 0;

	for (int i = 0; i < 16; i++)
		sum |= random[i];
	printf("pagesz %lu clktck %lu phent %lu phnum %d entry %d flags %lu uid %lu secure %lu random %d platform %s execfn %d aligned %d\n",
	       getauxval(AT_PAGESZ), getauxval(AT_CLKTCK), getauxval(AT_PHENT), getauxval(AT_PHNUM) == head()->e_phnum,
	       getauxval(AT_ENTRY) == head()->e_entry, getauxval(AT_FLAGS), getauxval(AT_UID), getauxval(AT_SECURE), sum != 0,
	       (const char *)getauxval(AT_PLATFORM), !strcmp(strrchr((const char *)getauxval(AT_EXECFN), '/') + 1, program_invocation_short_name),
	       (int)((unsigned long)__builtin_frame_address(0) % 4));
	fflush(stdout);
}

int main(int argc, char **argv)
{
	int fd;
	struct stat st;

	if (argc > 1 && !strcmp(argv[argc - 1], "sleep"))
		sleep(20);
	if (argc == 0 || (argc == 1 && !argv[0][0]))
		return 34;
	/* As an interpreter: name, optional argument, scripts, "started". */
	if (argc > 1)
		return argc == 2 ? 33 : argc < 20 ? 30 + argc : 90;
	fd = open("/proc/self/exe", O_RDONLY);
	if (fd < 0 || fstat(fd, &st))
		return 1;
	image_size = (size_t)st.st_size;
	image = malloc(image_size);
	if (read(fd, image, image_size) != (ssize_t)image_size)
		return 1;
	close(fd);
	vectors();
	headers();
	segments();
	short_files();
	scripts(argv[0]);
	arguments(argv[0]);
	files(argv[0]);
	random_damage(300);
	printf("end\n");
	return 0;
}
