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
