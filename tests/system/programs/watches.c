/* inotify where the system changes: a file system is unmounted, the queue is full, the limits of a user are reached. */
#include "same/say.h"
#include <sys/inotify.h>
#include <sys/mount.h>

static void events(int fd)
{
	static const struct { uint32_t bit; const char *name; } all[] = {
		{ IN_MODIFY, "MODIFY" }, { IN_OPEN, "OPEN" }, { IN_CLOSE_NOWRITE, "CLOSE_NOWRITE" }, { IN_UNMOUNT, "UNMOUNT" }, { IN_Q_OVERFLOW, "OVERFLOW" },
		{ IN_IGNORED, "IGNORED" }, { IN_ISDIR, "ISDIR" },
	};
	char buf[4096] __attribute__((aligned(8))), text[100];
	ssize_t n = read(fd, buf, sizeof(buf));

	for (char *at = buf; at < buf + n; at += sizeof(struct inotify_event) + ((struct inotify_event *)at)->len) {
		text[0] = 0;
		for (unsigned i = 0; i < sizeof(all) / sizeof(all[0]); i++)
			if (((struct inotify_event *)at)->mask & all[i].bit)
				strcat(strcat(text, *text ? " " : ""), all[i].name);
		say("%s", text);
	}
	say("--");
}

static void set(const char *limit, const char *value)
{
	char path[100] = "/proc/sys/fs/inotify/";
	int f = open(strcat(path, limit), O_WRONLY);

	if (write(f, value, strlen(value)) < 0)
		say("%s: %s", limit, strerror(errno));
	close(f);
}

int main(void)
{
	int fd = inotify_init1(IN_NONBLOCK), f;

	mkdir("/tmp/mounted", 0755);
	if (mount("none", "/tmp/mounted", "tmpfs", 0, NULL))
		say("mount: %s", strerror(errno));
	inotify_add_watch(fd, "/tmp/mounted", IN_OPEN | IN_CLOSE);
	close(open("/tmp/mounted", O_RDONLY));
	if (umount("/tmp/mounted"))
		say("umount: %s", strerror(errno));
	events(fd);
	rmdir("/tmp/mounted");

	set("max_queued_events", "2");
	close(open("/tmp/one", O_WRONLY | O_CREAT, 0600));
	close(open("/tmp/two", O_WRONLY | O_CREAT, 0600));
	inotify_add_watch(fd, "/tmp/one", IN_MODIFY);
	inotify_add_watch(fd, "/tmp/two", IN_MODIFY);
	for (int i = 0; i < 4; i++) {
		f = open(i & 1 ? "/tmp/two" : "/tmp/one", O_WRONLY);
		if (write(f, "x", 1) != 1)
			say("write: %s", strerror(errno));
		close(f);
	}
	events(fd);

	set("max_user_instances", "1");
	set("max_user_watches", "2");
	if (inotify_init() < 0)
		say("init: %s", strerror(errno));
	if (inotify_add_watch(fd, "/tmp", IN_MODIFY) < 0)
		say("watch: %s", strerror(errno));
	set("max_queued_events", "16384");
	set("max_user_instances", "128");
	set("max_user_watches", "8192");
	unlink("/tmp/one");
	unlink("/tmp/two");
	return 0;
}
