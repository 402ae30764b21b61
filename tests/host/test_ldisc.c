/*
 * The line discipline: editing, signals, flow control, output processing, switching between canonical and raw mode.
 * SOURCES: io/char/ldisc.c
 */
#include "tests/host/host_test.h"

#include <signal.h>
#include <string.h>

#include "io/char/ldisc.h"

static struct ldisc l;
static char echoed[8192];
static size_t nr_echoed;
static int last_signal;
static int flows;

static void on_echo(struct ldisc *d, const u8 *text, u32 len)
{
	memcpy(echoed + nr_echoed, text, len);
	nr_echoed += len;
	echoed[nr_echoed] = 0;
}

static void on_signal(struct ldisc *d, int sig)
{
	last_signal = sig;
}

static void on_flow(struct ldisc *d)
{
	flows++;
}

static void start(void)
{
	memset(&l, 0xa5, sizeof(l));
	memset(l.mark, 0, sizeof(l.mark));
	ldisc_init(&l);
	l.echo = on_echo;
	l.signal = on_signal;
	l.flow = on_flow;
	nr_echoed = 0;
	echoed[0] = 0;
	last_signal = flows = 0;
}

static void type(const char *text)
{
	for (; *text; text++)
		ldisc_receive(&l, (u8)*text, 0);
}

/* What read(fd, buf, n) would give; "<eof>" for an end of file. */
static const char *take(u32 n)
{
	static char buf[LDISC_BUF + 1];
	bool eof;
	u32 got = ldisc_read(&l, (u8 *)buf, n, &eof);

	buf[got] = 0;
	return !got && eof ? "<eof>" : buf;
}

#define SAME(a, b) CHECK(!strcmp((a), (b)))

TEST(a_line_is_readable_when_it_ends)
{
	start();
	type("hello");
	CHECK_EQ(ldisc_readable(&l), 0);
	type("\r");
	CHECK_EQ(ldisc_readable(&l), 6);
	SAME(take(100), "hello\n");
	SAME(echoed, "hello\r\n");
}

TEST(short_reads_stay_within_the_line)
{
	start();
	type("abcdef\nxy\n");
	SAME(take(4), "abcd");
	SAME(take(100), "ef\n");
	SAME(take(100), "xy\n");
	CHECK_EQ(ldisc_readable(&l), 0);
}

TEST(erase_word_kill)
{
	start();
	type("abx\177c\n");
	SAME(take(100), "abc\n");
	type("one two\027three\n");
	SAME(take(100), "one three\n");
	type("rubbish\025kept\n");
	SAME(take(100), "kept\n");
	start();
	type("\177\177a\n"); /* nothing to erase */
	SAME(take(100), "a\n");
	SAME(echoed, "a\r\n");
}

TEST(erase_is_echoed_over_the_character)
{
	start();
	type("a\001\177\177");
	SAME(echoed, "a^A\b \b\b \b\b \b");
}

TEST(erase_takes_a_whole_utf8_character)
{
	start();
	l.t.c_iflag |= IUTF8;
	type("a\303\244\177b\n");
	SAME(take(100), "ab\n");
}

TEST(end_of_file)
{
	start();
	type("\004");
	CHECK_EQ(ldisc_readable(&l), 1);
	SAME(take(100), "<eof>");
	type("abc\004");
	SAME(take(100), "abc");
	CHECK_EQ(ldisc_readable(&l), 0);
	type("abc\004");
	SAME(take(3), "abc"); /* exactly the text: the mark must not become an end of file of its own */
	CHECK_EQ(ldisc_readable(&l), 0);
}

TEST(literal_next)
{
	start();
	type("a\026\003b\n");
	SAME(take(100), "a\003b\n");
	CHECK_EQ(last_signal, 0);
}

TEST(signals)
{
	start();
	type("abc\003");
	CHECK_EQ(last_signal, SIGINT);
	CHECK_EQ(ldisc_readable(&l), 0);
	type("x\n");
	SAME(take(100), "x\n"); /* what stood before was thrown away */
	type("\032");
	CHECK_EQ(last_signal, SIGTSTP);
	type("\034");
	CHECK_EQ(last_signal, SIGQUIT);
	start();
	l.t.c_lflag &= ~ISIG;
	type("\003\n");
	CHECK_EQ(last_signal, 0);
	SAME(take(100), "\003\n");
}

TEST(flow_control)
{
	start();
	type("\023");
	CHECK(l.stopped);
	CHECK_EQ(flows, 1);
	type("\021");
	CHECK(!l.stopped);
	CHECK_EQ(flows, 2);
	type("\n");
	SAME(take(100), "\n");
}

TEST(raw_mode)
{
	struct ktermios raw;

	start();
	raw = l.t;
	raw.c_lflag &= ~(ICANON | ECHO | ISIG | IEXTEN);
	raw.c_iflag &= ~(ICRNL | IXON);
	raw.c_oflag &= ~OPOST;
	type("half");
	ldisc_set_termios(&l, &raw);
	CHECK_EQ(ldisc_readable(&l), 4); /* going raw makes a half line readable */
	SAME(take(100), "half");
	nr_echoed = 0;
	type("\003\177\r\004");
	SAME(take(100), "\003\177\r\004");
	CHECK_EQ(nr_echoed, 0);
	CHECK_EQ(last_signal, 0);
}

TEST(output_processing)
{
	u8 out[8];

	start();
	CHECK_EQ(ldisc_output(&l, 'a', out), 1);
	CHECK_EQ(ldisc_output(&l, '\n', out), 2);
	CHECK(out[0] == '\r' && out[1] == '\n');
	l.t.c_oflag |= XTABS;
	ldisc_output(&l, 'x', out);
	CHECK_EQ(ldisc_output(&l, '\t', out), 7);
	l.t.c_oflag = 0;
	CHECK_EQ(ldisc_output(&l, '\n', out), 1);
}

TEST(a_full_buffer_still_ends_its_line)
{
	start();
	for (u32 i = 0; i < LDISC_BUF + 100; i++)
		ldisc_receive(&l, 'x', 0);
	CHECK_EQ(ldisc_readable(&l), 0);
	type("\n");
	CHECK_EQ(ldisc_readable(&l), LDISC_BUF);
	CHECK_EQ(strlen(take(LDISC_BUF)), LDISC_BUF);
	type("next\n");
	SAME(take(100), "next\n");
}

TEST(random_input_keeps_the_counters_in_order)
{
	u32 seed = host_test_seed() | 1;

	start();
	for (u32 i = 0; i < 300000; i++) {
		seed ^= seed << 13;
		seed ^= seed >> 17;
		seed ^= seed << 5;
		if (seed % 7 == 0) {
			take(seed % 50);
		} else if (seed % 997 == 0) {
			struct ktermios t = l.t;

			t.c_lflag ^= (seed >> 8) & 0xffff;
			t.c_iflag ^= (seed >> 4) & 0x7fff;
			ldisc_set_termios(&l, &t);
		} else {
			ldisc_receive(&l, (u8)(seed >> 9), seed % 31 == 0);
		}
		nr_echoed = 0;
		if (l.head - l.tail > LDISC_BUF || l.canon - l.tail > l.head - l.tail) {
			CHECK(!"counters out of order");
			return;
		}
	}
	CHECK(true);
}

int main(void)
{
	RUN(a_line_is_readable_when_it_ends);
	RUN(short_reads_stay_within_the_line);
	RUN(erase_word_kill);
	RUN(erase_is_echoed_over_the_character);
	RUN(erase_takes_a_whole_utf8_character);
	RUN(end_of_file);
	RUN(literal_next);
	RUN(signals);
	RUN(flow_control);
	RUN(raw_mode);
	RUN(output_processing);
	RUN(a_full_buffer_still_ends_its_line);
	RUN(random_input_keeps_the_counters_in_order);
	return host_test_end();
}
