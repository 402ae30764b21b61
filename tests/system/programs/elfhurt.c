/*
 * elfhurt FILE SEED ROUNDS: programs and scripts made of FILE by damage to its header, its program headers, or its #! line, started as user 1000.
 * Each gives an errno, a signal, or runs; what runs too long is killed. Prints how often each came out, and "end".
 */
#define _GNU_SOURCE
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define PATIENCE_MS 100

extern char **environ;
static unsigned char *original, *image;
static size_t image_size, headers;
static uint32_t state;
static int errors[256], signals[65], ran, stopped;

static uint32_t below(uint32_t n)
{
	state ^= state << 13;
	state ^= state >> 17;
	state ^= state << 5;
	return state % n;
}

static uint32_t bad_value(uint32_t old)
{
	static const uint32_t some[] = { 0, 1, 0xffffffff, 0x7fffffff, 0x80000000, 0xc0000000, 0xbffff000, 0xfffff000, 0x1000, 0xfff, 0x10000000 };

	switch (below(6)) {
	case 0: return some[below(sizeof(some) / sizeof(some[0]))];
	case 1: return old + 1 - below(3);
	case 2: return old ^ 1u << below(32);
	case 3: return old + (below(64) << 12);
	case 4: return below(16);
	default: return below(0xffffffff);
	}
}

static size_t damaged_program(void)
{
	size_t size = below(12) ? image_size : below((uint32_t)image_size);

	memcpy(image, original, image_size);
	for (uint32_t n = 1 + below(4); n--;) {
		uint32_t word, at = below(4) ? 16 + below((uint32_t)headers / 4 - 4) * 4 : below((uint32_t)headers - 4);
		memcpy(&word, image + at, 4);
		word = bad_value(word);
		memcpy(image + at, &word, below(3) ? 4 : 2);
	}
	return size;
}

static size_t damaged_script(void)
{
	static const char *const pieces[] = { "/bin/sh", "/", " ", "\t", "\n", "#!", "hurt", "./hurt", "/dev/null", "/proc/self/exe", "\0", "-c", "/bin/true", "\r" };
	size_t n = (size_t)sprintf((char *)image, "#!");

	for (uint32_t parts = below(12); parts--;) {
		const char *p = pieces[below(sizeof(pieces) / sizeof(pieces[0]))];
		uint32_t len = strlen(p) ? (uint32_t)strlen(p) : 1;
		for (uint32_t times = below(9) ? 1 : below(60); times--; n += len)
			memcpy(image + n, p, len);
	}
	for (uint32_t wild = below(5); wild-- && n > 2;)
		image[2 + below((uint32_t)n - 2)] = (unsigned char)below(256);
	return n;
}

static void put(const char *name, size_t size)
{
	int fd;

	unlink(name);
	fd = open(name, O_CREAT | O_EXCL | O_WRONLY, 0755);
	if (fd < 0 || write(fd, image, size) != (ssize_t)size)
		exit(2);
	close(fd);
}

static void child(int report)
{
	char *argv[] = { "hurt", NULL };
	struct rlimit memory = { 32 << 20, 32 << 20 }, none = { 0, 0 };
	int null = open("/dev/null", O_RDWR), error;

	setsid();
	dup2(null, 0);
	dup2(null, 1);
	dup2(null, 2);
	setrlimit(RLIMIT_AS, &memory);
	setrlimit(RLIMIT_FSIZE, &none);
	if (setgid(1000) || setuid(1000))
		_exit(1);
	execve("./hurt", argv, environ);
	error = errno;
	(void)!write(report, &error, sizeof(error));
	_exit(1);
}

static void start(void)
{
	int p[2], status, error = 0, told = 0;
	pid_t pid;

	if (pipe2(p, O_CLOEXEC))
		exit(2);
	pid = fork();
	if (pid == 0)
		child(p[1]);
	close(p[1]);
	if (read(p[0], &error, sizeof(error)) != sizeof(error))
		error = 0;
	close(p[0]);
	for (int ms = 0; waitpid(pid, &status, WNOHANG) != pid; ms++) {
		usleep(1000);
		if (ms > PATIENCE_MS && !told++)
			kill(pid, SIGKILL);
	}
	if (error)
		errors[error & 255]++;
	else if (told)
		stopped++;
	else if (WIFSIGNALED(status))
		signals[WTERMSIG(status)]++;
	else
		ran++;
}

int main(int argc, char **argv)
{
	int fd = open(argv[1], O_RDONLY);
	struct stat st;

	if (argc < 4 || fd < 0 || fstat(fd, &st))
		return 1;
	image_size = (size_t)st.st_size;
	original = malloc(image_size);
	image = malloc(image_size);
	if (read(fd, original, image_size) != (ssize_t)image_size)
		return 1;
	close(fd);
	headers = sizeof(Elf32_Ehdr) + ((Elf32_Ehdr *)original)->e_phnum * sizeof(Elf32_Phdr);
	state = (uint32_t)strtoul(argv[2], NULL, 0) * 2654435761u | 1;
	for (int i = atoi(argv[3]); i--;) {
		put("hurt", below(6) ? damaged_program() : damaged_script());
		start();
	}
	unlink("hurt");
	for (int i = 0; i < 256; i++)
		if (errors[i])
			printf("%s: %d\n", strerror(i), errors[i]);
	for (int i = 0; i < 65; i++)
		if (signals[i])
			printf("signal %d: %d\n", i, signals[i]);
	printf("ran: %d\nstopped: %d\nend\n", ran, stopped);
	return 0;
}
