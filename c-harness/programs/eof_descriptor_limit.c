/* group: eof */
/* Tails work, too, when no descriptor is left. */
#include "../harness.h"

static void run(void)
{
	struct rlimit limit = { 32, 32 };
	int fd = new_file(tmpfs(), 10);
	char *p = mmap(NULL, P, RW, MAP_SHARED, fd, 0);

	NEED(p != MAP_FAILED && setrlimit(RLIMIT_NOFILE, &limit) == 0);
	while (dup(fd) >= 0)
		;
	SHOW(byte(p + P - 1));
	p[P - 1] = 3;
	SHOW(byte(p + P - 1));
	WRITE(p + P - 1);
}
