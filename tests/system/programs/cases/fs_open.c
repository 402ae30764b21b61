/* open: flags, their combinations and their errors. */
#include "cases.h"

CASE(excl, "O_CREAT|O_EXCL on a file, a folder, a link, a dangling link, a loop")
{
	put("f", "x");
	mkdir("d", 0755);
	symlink("f", "l");
	symlink("none", "dangling");
	symlink("loop", "loop");
	SAY_OK(open("f", O_CREAT | O_EXCL | O_RDWR, 0600));
	SAY_OK(open("d", O_CREAT | O_EXCL | O_RDWR, 0600));
	SAY_OK(open("l", O_CREAT | O_EXCL | O_RDWR, 0600));
	SAY_OK(open("dangling", O_CREAT | O_EXCL | O_RDWR, 0600));
	SAY_OK(open("loop", O_CREAT | O_EXCL | O_RDWR, 0600));
	SAY_OK(open("loop", O_CREAT | O_RDWR, 0600));
	SAY_OK(open("new", O_CREAT | O_EXCL | O_RDWR, 0600));
	SAY(access("none", F_OK));
	SAY_OK(open("dangling", O_CREAT | O_RDWR, 0600));
	SAY(access("none", F_OK));
}

CASE(creat_in_folder_names, "creating with a slash behind the name, in a missing folder, below a file")
{
	put("f", "x");
	SAY_OK(open("new/", O_CREAT | O_RDWR, 0600));
	SAY_OK(open("f/", O_CREAT | O_RDWR, 0600));
	SAY_OK(open("f/", O_RDONLY));
	SAY_OK(open("f/.", O_RDONLY));
	SAY_OK(open("f/..", O_RDONLY));
	SAY_OK(open("none/new", O_CREAT | O_RDWR, 0600));
	SAY_OK(open("none/../new", O_CREAT | O_RDWR, 0600));
	SAY_OK(open("f/new", O_CREAT | O_RDWR, 0600));
	SAY_OK(open(".", O_CREAT | O_RDWR, 0600));
	SAY_OK(open("..", O_CREAT | O_RDONLY, 0600));
	SAY_OK(open("", O_CREAT | O_RDWR, 0600));
	SAY_OK(open(NULL, O_RDONLY));
}

CASE(directory_flag, "O_DIRECTORY on files, links, with O_CREAT")
{
	put("f", "x");
	mkdir("d", 0755);
	symlink("f", "lf");
	symlink("d", "ld");
	mkfifo("p", 0644);
	SAY_OK(open("f", O_RDONLY | O_DIRECTORY));
	SAY_OK(open("d", O_RDONLY | O_DIRECTORY));
	SAY_OK(open("lf", O_RDONLY | O_DIRECTORY));
	SAY_OK(open("ld", O_RDONLY | O_DIRECTORY));
	SAY_OK(open("p", O_RDONLY | O_DIRECTORY | O_NONBLOCK));
	SAY_OK(open("/dev/null", O_RDONLY | O_DIRECTORY));
	SAY_OK(open("none", O_RDONLY | O_DIRECTORY));
}

CASE(nofollow, "O_NOFOLLOW: the last part alone")
{
	put("f", "x");
	mkdir("d", 0755);
	put("d/f", "y");
	symlink("f", "lf");
	symlink("d", "ld");
	symlink("none", "dangling");
	SAY_OK(open("lf", O_RDONLY | O_NOFOLLOW));
	SAY_OK(open("ld/f", O_RDONLY | O_NOFOLLOW));
	SAY_OK(open("ld/", O_RDONLY | O_NOFOLLOW));
	SAY_OK(open("ld", O_RDONLY | O_NOFOLLOW));
	SAY_OK(open("ld", O_RDONLY | O_NOFOLLOW | O_DIRECTORY));
	SAY_OK(open("dangling", O_RDONLY | O_NOFOLLOW));
	SAY_OK(open("dangling", O_RDONLY | O_NOFOLLOW | O_CREAT, 0600));
	SAY_OK(open("lf", O_RDWR | O_NOFOLLOW | O_CREAT, 0600));
	SAY_OK(open("f", O_RDWR | O_NOFOLLOW));
	SAY_OK(open("lf", O_PATH | O_NOFOLLOW));
}

CASE(access_modes, "access mode 3, writing folders, truncating what is opened for reading")
{
	int fd;

	put("f", "0123456789");
	mkdir("d", 0755);
	SAY_OK(open("d", O_WRONLY));
	SAY_OK(open("d", O_RDWR));
	SAY_OK(open("d", O_RDONLY | O_TRUNC));
	SAY_OK(open("d", O_RDONLY | O_CREAT, 0644));
	SAY_OK(open("d", O_RDONLY | O_APPEND));
	fd = open("f", O_ACCMODE);
	say("mode 3: %s", fd < 0 ? strerror(errno) : "ok");
	SAY(read(fd, (char[1]){ 0 }, 1));
	SAY(write(fd, "x", 1));
	SAY(fcntl(fd, F_GETFL) & O_ACCMODE);
	close(fd);
	fd = open("f", O_RDONLY | O_TRUNC);
	SAY(read(fd, (char[4]){ 0 }, 4));
	show_file("f");
	SAY_OK(open("f", O_RDWR | 0x40000000)); /* an unknown flag is ignored */
}

CASE(name_limits, "names of 255 and 256 bytes, paths of 4095 and more")
{
	char name[5000];

	memset(name, 'n', sizeof(name));
	name[255] = 0;
	SAY_OK(open(name, O_CREAT | O_RDWR, 0600));
	SAY(access(name, F_OK));
	name[255] = 'n';
	name[256] = 0;
	SAY_OK(open(name, O_CREAT | O_RDWR, 0600));
	SAY(mkdir(name, 0755));
	SAY(symlink("x", name));
	SAY(unlink(name));
	SAY(rename("x", name));
	SAY(access(name, F_OK));
	for (int i = 0; i < 4096; i += 2)
		memcpy(name + i, "./", 2);
	memcpy(name + 4094, "f", 2);
	SAY_OK(open(name, O_CREAT | O_RDWR, 0600));
	memcpy(name + 4094, "/f", 3);
	SAY_OK(open(name, O_RDWR));
	memset(name, 't', sizeof(name));
	name[4095] = 0;
	SAY(symlink(name, "long_target") == 0 || errno == ENAMETOOLONG); /* by the file system */
	name[4095] = 't';
	name[4096] = 0;
	SAY(symlink(name, "longer_target"));
}

CASE(link_depth, "40 links may be followed, not 41")
{
	char from[20], to[20];

	put("l0", "end");
	for (int i = 1; i <= 41; i++) {
		snprintf(from, sizeof(from), "l%d", i);
		snprintf(to, sizeof(to), "l%d", i - 1);
		symlink(to, from);
	}
	SAY(access("l40", F_OK));
	SAY(access("l41", F_OK));
	SAY_OK(open("l40", O_RDONLY));
	SAY_OK(open("l41", O_RDONLY));
	SAY_OK(open("l41", O_RDONLY | O_NOFOLLOW));
	SAY_OK(open("l41", O_RDONLY | O_CREAT, 0644));
	SAY(readlink("l41", from, sizeof(from)));
	symlink(".", "dot");
	SAY(access("dot/dot/dot/dot/dot/dot/dot/dot/dot/dot/dot/dot/dot/dot/dot/dot/dot/dot/dot/dot/dot/dot/dot/dot/dot/dot/dot/dot/dot/dot/dot/dot/dot"
		   "/dot/dot/dot/dot/dot/dot/dot/l0", F_OK));
	SAY(access("dot/dot/dot/dot/dot/dot/dot/dot/dot/dot/dot/dot/dot/dot/dot/dot/dot/dot/dot/dot/dot/dot/dot/dot/dot/dot/dot/dot/dot/dot/dot/dot/dot"
		   "/dot/dot/dot/dot/dot/dot/dot/dot/l0", F_OK));
}

CASE(tmpfile_flag, "O_TMPFILE: no name, a name by linkat, O_EXCL forbids it")
{
	struct stat st;
	char path[40], text[8] = "";
	int fd = open(".", O_TMPFILE | O_RDWR, 0640), again;

	if (fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR)) {
		say("not on this file system");
		return;
	}
	SAY(write(fd, "hello", 5));
	fstat(fd, &st);
	say("mode %o, links %d", st.st_mode, (int)st.st_nlink);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	SAY(linkat(AT_FDCWD, path, AT_FDCWD, "named", AT_SYMLINK_FOLLOW));
	show_file("named");
	fstat(fd, &st);
	say("links %d", (int)st.st_nlink);
	again = open(path, O_RDONLY);
	SAY(read(again, text, 5));
	fd = open(".", O_TMPFILE | O_WRONLY | O_EXCL, 0600);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	SAY(linkat(AT_FDCWD, path, AT_FDCWD, "named2", AT_SYMLINK_FOLLOW));
	SAY_OK(open(".", O_TMPFILE | O_RDONLY, 0600));
	SAY_OK(open("named", O_TMPFILE | O_RDWR, 0600));
	SAY_OK(open("none", O_TMPFILE | O_RDWR, 0600));
	SAY_OK(open(".", (O_TMPFILE & ~O_DIRECTORY) | O_RDWR, 0600));
}

CASE(path_descriptors, "what works on an O_PATH descriptor and what does not")
{
	struct stat st;
	char c;
	int fd, d;

	put("f", "hello");
	mkdir("d", 0755);
	put("d/in", "inside");
	fd = open("f", O_PATH | O_RDWR | O_TRUNC);
	SAY(read(fd, &c, 1));
	SAY(write(fd, "x", 1));
	SAY(pread(fd, &c, 1, 0));
	SAY(lseek(fd, 0, SEEK_SET));
	SAY(ftruncate(fd, 0));
	SAY(fchmod(fd, 0600));
	SAY(fchown(fd, 0, 0));
	SAY(ioctl(fd, 0x5401, &c));
	SAY(fsync(fd));
	SAY_OK(mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, fd, 0));
	SAY(fstat(fd, &st));
	SAY(fcntl(fd, F_GETFL) & (O_PATH | O_ACCMODE | O_TRUNC));
	SAY(fcntl(fd, F_SETFL, O_APPEND));
	SAY(fcntl(fd, F_GETFD));
	SAY_OK(fcntl(fd, F_DUPFD, 0));
	SAY(fcntl(fd, F_SETLK, &(struct flock){ .l_type = F_RDLCK }));
	SAY(syscall(SYS_getdents64, open("d", O_PATH), &st, sizeof(st)));
	d = open("d", O_PATH | O_DIRECTORY);
	SAY(faccessat(d, "in", R_OK, 0));
	SAY_OK(openat(d, "in", O_RDONLY));
	SAY(fchdir(d));
	SAY(fchdir(fd));
	chdir("..");
	SAY(linkat(fd, "", AT_FDCWD, "hard", AT_EMPTY_PATH));
	SAY(close(fd));
	show_file("f");
}

CASE(path_of_link, "O_PATH|O_NOFOLLOW of a link: it can be read and looked at, not opened")
{
	struct stat st;
	char text[20] = "", path[40];
	int fd;

	put("target", "t");
	symlink("target", "link");
	fd = open("link", O_PATH | O_NOFOLLOW);
	SAY(fstat(fd, &st));
	say("kind %o", st.st_mode & S_IFMT);
	SAY(readlinkat(fd, "", text, sizeof(text)));
	say("%s", text);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	SAY_OK(open(path, O_RDONLY));
	SAY(fchmodat(fd, "", 0600, 0));
	SAY(fchownat(fd, "", -1, -1, AT_EMPTY_PATH));
	SAY(readlinkat(open("target", O_PATH), "", text, sizeof(text)));
}

CASE(proc_fd_reopen, "opening /proc/self/fd/N makes a new open file, with rights checked anew")
{
	char path[40], text[10] = "";
	int fd = open("f", O_RDWR | O_CREAT, 0644), again;

	SAY(write(fd, "0123456789", 10));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	again = open(path, O_RDONLY);
	SAY(lseek(again, 0, SEEK_CUR));
	SAY(read(again, text, 3));
	SAY(write(again, "x", 1));
	SAY(lseek(fd, 0, SEEK_CUR));
	unlink("f");
	again = open(path, O_RDWR | O_APPEND);
	SAY(write(again, "more", 4));
	SAY(lseek(fd, 0, SEEK_END));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", 999);
	SAY(open(path, O_RDONLY));
	SAY(readlink(path, text, sizeof(text)));
}

CASE(text_busy, "a program that runs cannot be written; one that is written cannot run")
{
	char *argv[] = { "prog", NULL }, buffer[65536], link[40];
	int from = open("/proc/self/exe", O_RDONLY), fd = open("prog", O_RDWR | O_CREAT, 0755), status;
	ssize_t n;
	pid_t pid;

	while ((n = read(from, buffer, sizeof(buffer))) > 0)
		if (write(fd, buffer, (size_t)n) != n)
			say("short");
	SAY(execv("./prog", argv));
	close(fd);
	pid = fork();
	if (!pid) {
		dup2(open("/dev/null", O_WRONLY), 1);
		setenv("WAIT_FOR_INPUT", "1", 1);
		execv("./prog", (char *[]){ "prog", "waits_for_input", NULL });
		_exit(1);
	}
	snprintf(link, sizeof(link), "/proc/%d/exe", (int)pid);
	for (int i = 0; i < 1000; i++) { /* the child is past its exec once its program is another file */
		n = readlink(link, buffer, sizeof(buffer) - 1);
		buffer[n > 0 ? n : 0] = 0;
		if (strstr(buffer, "/prog"))
			break;
		sleep_ms(10);
	}
	SAY_OK(open("prog", O_WRONLY));
	SAY_OK(open("prog", O_RDWR | O_TRUNC));
	SAY(truncate("prog", 0));
	SAY_OK(open("prog", O_RDONLY));
	SAY(rename("prog", "prog2"));
	SAY(chmod("prog2", 0700));
	SAY(unlink("prog2"));
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	say_status("program", status);
}

/* Run by text_busy from its copy of this program. */
CASE(waits_for_input, "reads a byte, or the end of /dev/null")
{
	char c;

	dup2(open(getenv("WAIT_FOR_INPUT") ? "/dev/zero" : "/dev/null", O_RDONLY), 9);
	SAY(read(9, &c, 1));
	while (getenv("WAIT_FOR_INPUT"))
		pause();
}

CASE(fifo_open, "opening a fifo without a partner, non-blocking")
{
	int r;

	SAY(mkfifo("p", 0600));
	SAY(mkfifo("p", 0600));
	SAY_OK(open("p", O_WRONLY | O_NONBLOCK));
	r = open("p", O_RDONLY | O_NONBLOCK);
	SAY(read(r, (char[1]){ 0 }, 1));
	SAY_OK(open("p", O_WRONLY | O_NONBLOCK));
	SAY(read(r, (char[1]){ 0 }, 1));
	SAY(lseek(r, 0, SEEK_SET));
	SAY(pread(r, (char[1]){ 0 }, 1, 0));
	SAY(ftruncate(r, 0));
	SAY(truncate("p", 0));
	SAY_OK(open("p", O_RDWR | O_TRUNC));
	SAY_OK(open("p", O_CREAT | O_EXCL | O_RDWR, 0600));
}

CASE_ROOT(device_nodes, "nodes without a driver, with a wrong number, mknod's kinds")
{
	struct stat st;

	SAY(mknod("file", S_IFREG | 0640, 0));
	SAY(mknod("plain", 0640, 0));
	SAY(mknod("sock", S_IFSOCK | 0600, 0));
	SAY(mknod("folder", S_IFDIR | 0700, 0));
	SAY(mknod("link", S_IFLNK | 0700, 0));
	SAY(mknod("odd", 0150000 | 0700, 0));
	SAY(mknod("file", S_IFREG, 0));
	show_stat("file");
	show_stat("plain");
	show_stat("sock");
	SAY_OK(open("sock", O_RDONLY));
	SAY_OK(open("sock", O_RDONLY | O_PATH));
	SAY(mknod("nodriver", S_IFCHR | 0600, 0xe77));
	SAY(stat("nodriver", &st));
	say("%o %x", st.st_mode, (unsigned)st.st_rdev);
	SAY_OK(open("nodriver", O_RDONLY));
	SAY(mknod("noblock", S_IFBLK | 0600, 0xff07));
	SAY_OK(open("noblock", O_RDONLY));
}

CASE(creat_mode, "the mode given at creation holds only for later opens; the umask takes bits away")
{
	int fd;

	umask(0);
	fd = open("f", O_CREAT | O_RDWR, 0);
	SAY(write(fd, "x", 1));
	show_stat("f");
	umask(0377);
	SAY_OK(open("g", O_CREAT | O_RDWR, 07777));
	show_stat("g");
	SAY(umask(07777777));
	SAY(umask(022));
	SAY_OK(creat("h", 0666));
	SAY(mkdir("d", 07777));
	show_stat("d");
	show_stat("h");
}

CASE(openat2_call, "openat2: sizes, resolve flags")
{
	struct { uint64_t flags, mode, resolve, more; } how = { O_RDONLY, 0, 0, 0 };

	put("f", "x");
	mkdir("d", 0755);
	put("d/in", "y");
	symlink("f", "l");
	symlink("../f", "d/out");
	SAY_OK(syscall(SYS_openat2, AT_FDCWD, "f", &how, 24));
	SAY_OK(syscall(SYS_openat2, AT_FDCWD, "f", &how, 32));
	SAY_OK(syscall(SYS_openat2, AT_FDCWD, "f", &how, 16));
	how.more = 1;
	SAY_OK(syscall(SYS_openat2, AT_FDCWD, "f", &how, 32));
	how.more = 0;
	how.mode = 0644;
	SAY_OK(syscall(SYS_openat2, AT_FDCWD, "f", &how, 24));
	how.flags = O_RDWR | O_CREAT;
	SAY_OK(syscall(SYS_openat2, AT_FDCWD, "new", &how, 24));
	how.mode = 0200644;
	SAY_OK(syscall(SYS_openat2, AT_FDCWD, "new", &how, 24));
	how.mode = 0;
	how.flags = 0x40000000;
	SAY_OK(syscall(SYS_openat2, AT_FDCWD, "f", &how, 24));
	how.flags = O_RDONLY;
	how.resolve = 4; /* NO_SYMLINKS */
	SAY_OK(syscall(SYS_openat2, AT_FDCWD, "l", &how, 24));
	SAY_OK(syscall(SYS_openat2, AT_FDCWD, "f", &how, 24));
	how.resolve = 8; /* BENEATH */
	SAY_OK(syscall(SYS_openat2, open("d", O_PATH), "in", &how, 24));
	SAY_OK(syscall(SYS_openat2, open("d", O_PATH), "out", &how, 24));
	SAY_OK(syscall(SYS_openat2, open("d", O_PATH), "../f", &how, 24));
	SAY_OK(syscall(SYS_openat2, open("d", O_PATH), "/", &how, 24));
	how.resolve = 16; /* IN_ROOT */
	SAY_OK(syscall(SYS_openat2, open("d", O_PATH), "/in", &how, 24));
	SAY_OK(syscall(SYS_openat2, open("d", O_PATH), "../../in", &how, 24));
	how.resolve = 1; /* NO_XDEV */
	SAY_OK(syscall(SYS_openat2, AT_FDCWD, "/proc/self/status", &how, 24));
	how.resolve = 0x1000;
	SAY_OK(syscall(SYS_openat2, AT_FDCWD, "f", &how, 24));
}

CASE(unprivileged_open, "an ordinary user and modes")
{
	put("secret", "s");
	chmod("secret", 0600);
	put("readable", "r");
	put("writable", "w");
	chmod("writable", 0622);
	mkdir("closed", 0700);
	put("closed/f", "x");
	mkdir("searchable", 0711);
	put("searchable/f", "x");
	if (!getuid())
		become(1000);
	SAY_OK(open("secret", O_RDONLY));
	SAY_OK(open("secret", O_PATH));
	SAY_OK(open("readable", O_RDONLY));
	SAY_OK(open("readable", O_RDWR));
	SAY_OK(open("readable", O_RDONLY | O_TRUNC));
	SAY_OK(open("writable", O_WRONLY));
	SAY_OK(open("writable", O_RDWR));
	SAY_OK(open("closed/f", O_RDONLY));
	SAY_OK(open("closed/none", O_RDONLY));
	SAY_OK(open("closed", O_PATH));
	SAY_OK(open("searchable", O_RDONLY));
	SAY_OK(open("searchable/f", O_RDONLY));
	SAY_OK(open("new", O_RDWR | O_CREAT, 0600));
	SAY_OK(open("readable", O_RDONLY | O_CREAT | O_EXCL, 0600));
	SAY_OK(open("readable", O_RDONLY | O_NOATIME));
}

CASE_ROOT(read_only_mount, "/proc and /sys refuse what they cannot do")
{
	SAY_OK(open("/proc/version", O_RDONLY));
	SAY_OK(open("/proc/nothing", O_RDONLY));
	SAY_OK(open("/proc/nothing", O_RDWR | O_CREAT, 0644));
	SAY_OK(open("/proc/99999999", O_RDONLY));
	SAY(unlink("/proc/version") == -1);
	SAY(mkdir("/proc/new", 0755) == -1);
	SAY_OK(open("/sys/nothing", O_RDONLY));
	SAY(rename("f", "/proc/f") == -1);
}
