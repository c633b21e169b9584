/* group: eof */
/* The same for tails that nobody has touched before: one call each. */
#include "../harness.h"

static void run(void)
{
	int ends[2];

	NEED(pipe2(ends, O_NONBLOCK) == 0 && write(ends[1], "0123456789", 10) == 10);
	for (int i = 0; i < 6; i++) {
		int fd = tagged_file(i % 2 ? disk() : tmpfs(), 100);
		char *p = mmap(NULL, P, RW, i / 2 == 2 ? MAP_PRIVATE : MAP_SHARED, fd, 0);
		NEED(p != MAP_FAILED);
		if (i / 2 == 0)
			CALL(write(ends[1], p + P - 10, 10));
		else if (i / 2 == 1)
			CALL(read(ends[0], p + P - 10, 5));
		else
			CALL(getcwd(p + P / 2, P / 2) != NULL);
	}
}
