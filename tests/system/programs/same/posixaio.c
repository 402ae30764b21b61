/* POSIX asynchronous I/O as the C library makes it out of threads: each call, its notifications, its errors.
 * No descriptor is closed before the end: musl may go on for a moment with what it knew of the last file that had its number. */
#include <aio.h>
#include <pthread.h>
#include <semaphore.h>

#include "say.h"

#define MANY 64

static struct aiocb cb[MANY];
static char data[MANY][512];
static sem_t told;
static volatile int told_value;

static struct aiocb request(int fd, int slot, size_t n, off_t at)
{
	struct aiocb c;

	memset(&c, 0, sizeof(c));
	c.aio_fildes = fd;
	c.aio_buf = data[slot];
	c.aio_nbytes = n;
	c.aio_offset = at;
	c.aio_sigevent.sigev_notify = SIGEV_NONE;
	return c;
}

/* Until it has ended: its error and result. */
static void end(const char *what, struct aiocb *c)
{
	const struct aiocb *list[1] = { c };
	int err;

	while ((err = aio_error(c)) == EINPROGRESS)
		aio_suspend(list, 1, NULL);
	if (err)
		say("%s: %s", what, strerror(err));
	else
		say("%s: %ld", what, (long)aio_return(c));
}

static void on_thread(union sigval v)
{
	told_value = v.sival_int;
	sem_post(&told);
}

static void one_by_one(int fd)
{
	say("-- one by one");
	memset(data[0], 'a', 512);
	cb[0] = request(fd, 0, 512, 0);
	SAY(aio_write(&cb[0]));
	end("write", &cb[0]);
	cb[1] = request(fd, 1, 512, 256);
	SAY(aio_read(&cb[1]));
	end("read", &cb[1]);
	say("%c%c %d", data[1][0], data[1][255], data[1][256]);
	cb[1] = request(fd, 1, 512, 4096);
	SAY(aio_read(&cb[1]));
	end("behind the end", &cb[1]);
	cb[2] = request(fd, 2, 0, 0);
	SAY(aio_fsync(O_SYNC, &cb[2]));
	end("fsync", &cb[2]);
	cb[2] = request(fd, 2, 0, 0);
	SAY(aio_fsync(O_DSYNC, &cb[2]));
	end("fdatasync", &cb[2]);
	SAY(aio_fsync(O_RDONLY, &cb[2]));
	SAY(aio_cancel(fd, &cb[0]) == AIO_ALLDONE);
	SAY(aio_cancel(fd, NULL) == AIO_ALLDONE);
	SAY(aio_cancel(-1, NULL));
	cb[3] = request(-1, 3, 512, 0);
	if (aio_read(&cb[3]))
		say("bad descriptor at once: %s", strerror(errno));
	else
		end("bad descriptor", &cb[3]);
	int ro = open("f", O_RDONLY);
	cb[3] = request(ro, 3, 512, 0);
	if (aio_write(&cb[3]))
		say("read-only at once: %s", strerror(errno));
	else
		end("read-only", &cb[3]);
	cb[3] = request(ro, 3, 512, 0);
	cb[3].aio_buf = (void *)16;
	SAY(aio_read(&cb[3]));
	end("bad memory", &cb[3]);
}

static void waiting(void)
{
	const struct aiocb *list[3] = { NULL, &cb[0], NULL };
	struct timespec soon = { 0, 50000000 };
	int p[2];

	say("-- waiting");
	SAY(pipe(p));
	cb[0] = request(p[0], 0, 5, 0);
	SAY(aio_read(&cb[0]));
	SAY(aio_error(&cb[0]) == EINPROGRESS);
	SAY(aio_suspend(list, 3, &soon));
	SAY(write(p[1], "hello", 5));
	SAY(aio_suspend(list, 3, NULL));
	end("pipe", &cb[0]);
	say("%.5s", data[0]);
	cb[0] = request(p[0], 0, 5, 0);
	SAY(aio_read(&cb[0]));
	sleep_ms(100);
	int how = aio_cancel(p[0], &cb[0]);
	say("cancelled %d, not %d", how == AIO_CANCELED, how == AIO_NOTCANCELED);
	SAY(write(p[1], "world", 5));
	end("after that", &cb[0]);
}

static void notified(int fd)
{
	sigset_t set;
	siginfo_t info;

	say("-- notified");
	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN + 5);
	SAY(pthread_sigmask(SIG_BLOCK, &set, NULL));
	cb[0] = request(fd, 0, 512, 0);
	cb[0].aio_sigevent.sigev_notify = SIGEV_SIGNAL;
	cb[0].aio_sigevent.sigev_signo = SIGRTMIN + 5;
	cb[0].aio_sigevent.sigev_value.sival_int = 1234;
	SAY(aio_read(&cb[0]));
	SAY(sigwaitinfo(&set, &info) == SIGRTMIN + 5);
	say("asynchronous I/O %d, own %d, value %d", info.si_code == SI_ASYNCIO, info.si_pid == getpid(), info.si_value.sival_int);
	end("read", &cb[0]);
	sem_init(&told, 0, 0);
	cb[0] = request(fd, 0, 512, 0);
	cb[0].aio_sigevent.sigev_notify = SIGEV_THREAD;
	cb[0].aio_sigevent.sigev_notify_function = on_thread;
	cb[0].aio_sigevent.sigev_value.sival_int = 77;
	SAY(aio_read(&cb[0]));
	SAY(sem_wait(&told));
	say("value %d", told_value);
	end("read", &cb[0]);
}

static void lists(int fd)
{
	struct aiocb *list[MANY];
	struct sigevent ev;
	int wrong = 0;

	say("-- lists");
	for (int i = 0; i < MANY; i++) {
		memset(data[i], 'A' + i % 26, 512);
		cb[i] = request(fd, i, 512, (off_t)i * 512);
		cb[i].aio_lio_opcode = i % 16 == 15 ? LIO_NOP : LIO_WRITE;
		list[i] = i % 16 == 14 ? NULL : &cb[i];
	}
	SAY(lio_listio(LIO_WAIT, list, MANY, NULL));
	for (int i = 0; i < MANY; i++)
		if (i % 16 < 14)
			wrong += aio_error(&cb[i]) || aio_return(&cb[i]) != 512;
	say("wrong %d", wrong);
	for (int i = 0; i < MANY; i++) {
		memset(data[i], 0, 512);
		cb[i] = request(fd, i, 512, (off_t)i * 512);
		cb[i].aio_lio_opcode = LIO_READ;
		list[i] = &cb[i];
	}
	memset(&ev, 0, sizeof(ev));
	ev.sigev_notify = SIGEV_THREAD;
	ev.sigev_notify_function = on_thread;
	ev.sigev_value.sival_int = 88;
	SAY(lio_listio(LIO_NOWAIT, list, 56, &ev));
	SAY(sem_wait(&told));
	for (int i = 0; i < 56; i++)
		if (i % 16 < 14)
			wrong += aio_error(&cb[i]) || aio_return(&cb[i]) != 512 || data[i][0] != 'A' + i % 26 || data[i][511] != 'A' + i % 26;
	say("value %d, wrong %d", told_value, wrong);
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN + 5);
	ev.sigev_notify = SIGEV_SIGNAL;
	ev.sigev_signo = SIGRTMIN + 5;
	SAY(lio_listio(LIO_NOWAIT, list, 3, &ev));
	SAY(sigwaitinfo(&set, NULL) == SIGRTMIN + 5);
	for (int i = 0; i < 3; i++)
		end("of the list", &cb[i]);
	SAY(lio_listio(LIO_NOWAIT, list, 0, NULL));
	cb[1].aio_fildes = -1;
	SAY(lio_listio(LIO_WAIT, list, 3, NULL));
	for (int i = 0; i < 3; i += 2) /* musl does not wait for the others of a list with a wrong one */
		while (aio_error(&cb[i]) == EINPROGRESS)
			aio_suspend((const struct aiocb *[]){ &cb[i] }, 1, NULL);
	say("%d %d %d", aio_error(&cb[0]), aio_error(&cb[1]) != 0, aio_error(&cb[2]));
}

static void appending(void)
{
	int fd = open("g", O_RDWR | O_CREAT | O_TRUNC | O_APPEND, 0600);
	char text[16] = "";

	say("-- appending keeps its order");
	for (int i = 0; i < 10; i++) {
		data[i][0] = (char)('0' + i);
		cb[i] = request(fd, i, 1, 0);
		if (aio_write(&cb[i]))
			say("%s", strerror(errno));
	}
	for (int i = 0; i < 10; i++)
		end("appended", &cb[i]);
	SAY(pread(fd, text, 16, 0));
	say("%s", text);
	unlink("g");
}

int main(void)
{
	alarm(50);
	int fd = open("f", O_RDWR | O_CREAT | O_TRUNC, 0600);

	one_by_one(fd);
	waiting();
	notified(fd);
	lists(fd);
	appending();
	unlink("f");
	return 0;
}
