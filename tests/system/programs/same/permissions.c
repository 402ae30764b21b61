/* Who may do what: an unprivileged user against modes, groups, sticky directories, set-id bits. Prints nothing special when not started by root. */
#include "say.h"
#include <grp.h>
#include <utime.h>

static void as_user(uid_t uid, gid_t gid, void (*fn)(void))
{
	pid_t pid = fork();
	int status;
	if (!pid) {
		gid_t extra[1] = { 2000 };
		setgroups(1, extra);
		setgid(gid);
		setuid(uid);
		fn();
		_exit(0);
	}
	waitpid(pid, &status, 0);
	say_status("child", status);
}

static void mode_of(const char *path)
{
	struct stat st;
	if (lstat(path, &st))
		say("%s: %s", path, strerror(errno));
	else
		say("%s: mode %o uid %d gid %d", path, st.st_mode, (int)st.st_uid, (int)st.st_gid);
}

static void make(const char *path, int mode, uid_t uid, gid_t gid)
{
	close(open(path, O_CREAT | O_WRONLY, 0600));
	chown(path, uid, gid);
	chmod(path, (mode_t)mode);
}

static void user_tries(void)
{
	SAY_OK(open("root_only", O_RDONLY));
	SAY_OK(open("world", O_RDONLY));
	SAY_OK(open("world", O_WRONLY));
	SAY_OK(open("group", O_RDWR));
	SAY_OK(open("extra", O_RDWR));
	SAY_OK(open("mine_none", O_RDONLY));
	SAY(access("world", R_OK));
	SAY(access("world", W_OK));
	SAY(access("world", X_OK));
	SAY(access("closed/x", F_OK));
	SAY(chdir("closed"));
	SAY(chdir("nosearch"));
	SAY_OK(open("nosearch", O_RDONLY));
	SAY_OK(open("nosearch/x", O_RDONLY));
	SAY(chmod("world", 0777));
	SAY(chmod("mine", 04755));
	mode_of("mine");
	SAY(chmod("mine_other_group", 02755));
	mode_of("mine_other_group");
	SAY(chown("mine", 0, -1));
	SAY(chown("mine", -1, 2000));
	mode_of("mine");
	SAY(chown("mine", -1, 3000));
	SAY(chown("world", 1000, -1));
	SAY(unlink("world"));
	SAY(rename("world", "x"));
	SAY(mkdir("newdir", 0755));
	SAY(unlink("sticky/root"));
	SAY(unlink("sticky/mine"));
	SAY(rename("sticky/root", "sticky/x"));
	SAY(rename("open/root", "open/y"));
	SAY(rename("open/y", "open/root"));
	SAY(unlink("open/root"));
	SAY(utime("world", NULL));
	SAY(utime("group_w", NULL));
	SAY(utime("group_w", &(struct utimbuf){ 1, 1 }));
	SAY(utime("mine", &(struct utimbuf){ 1, 1 }));
	SAY(mknod("open/dev", S_IFCHR | 0600, 0x103));
	SAY(mkfifo("open/fifo", 0644));
	SAY(chroot("."));
	SAY(truncate("world", 0));
	SAY(truncate("mine", 0));
	int fd = open("setid", O_WRONLY);
	SAY(write(fd, "x", 1));
	mode_of("setid");
	close(fd);
	SAY(symlink("/", "open/link"));
	mode_of("open/link");
	SAY(mkdir("sgid/inner", 0755));
	mode_of("sgid/inner");
	close(open("sgid/file", O_CREAT | O_WRONLY, 0644));
	mode_of("sgid/file");
	umask(077);
	close(open("open/masked", O_CREAT | O_WRONLY, 0666));
	mode_of("open/masked");
	SAY(fcntl(open("world", O_RDONLY), F_SETFL, O_NOATIME));
	SAY_OK(open("world", O_RDONLY | O_NOATIME));
	SAY_OK(open("open/new", O_CREAT | O_RDWR, 0400));
	SAY_OK(open("open/new", O_RDWR));
	SAY(link("root_only", "open/hard") == 0 || errno == EPERM);
}

int main(void)
{
	if (getuid()) {
		say("not root");
		return 0;
	}
	umask(0);
	chmod(".", 0755);
	make("root_only", 0600, 0, 0);
	make("world", 0644, 0, 0);
	make("group", 0660, 0, 1000);
	make("group_w", 0660, 0, 1000);
	make("extra", 0660, 0, 2000);
	make("mine", 0644, 1000, 1000);
	make("mine_none", 0077, 1000, 1000);
	make("mine_other_group", 0644, 1000, 3000);
	make("setid", 06777, 0, 0);
	mkdir("closed", 0700);
	mkdir("nosearch", 0744);
	mkdir("sticky", 01777);
	mkdir("open", 0777);
	mkdir("sgid", 02777);
	chown("sgid", 0, 5000);
	chmod("sgid", 02777);
	make("sticky/root", 0666, 0, 0);
	make("sticky/mine", 0666, 1000, 1000);
	make("open/root", 0666, 0, 0);
	make("nosearch/x", 0666, 0, 0);
	as_user(1000, 1000, user_tries);
	make("suid", 06755, 1000, 1000);
	mode_of("suid");
	SAY(chown("suid", 0, 0));
	mode_of("suid");
	make("suid2", 06755, 0, 0);
	int fd = open("suid2", O_WRONLY);
	SAY(write(fd, "x", 1));
	close(fd);
	mode_of("suid2");
	make("noexec", 0644, 0, 0);
	SAY(access("noexec", X_OK));
	SAY(access("noexec", R_OK | W_OK));
	return 0;
}
