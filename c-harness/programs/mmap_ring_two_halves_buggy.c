/* group: file */
/* Producer and consumer map one half each of a file of two times 4096 bytes. */
#include "../harness.h"

static void run(void)
{
	int fd = new_file(tmpfs(), 2 * 4096);
	char *to = mmap(NULL, 4096, RW, MAP_SHARED, fd, 0), *from = mmap(NULL, 4096, RW, MAP_SHARED, fd, 4096);

	say("one way: %s", to == MAP_FAILED ? error_name(errno) : "mapped");
	say("the other: %s", from == MAP_FAILED ? error_name(errno) : "mapped");
}
