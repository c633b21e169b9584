/* group: mmap */
/* Its twin: the offset rounded down to a page, the pointer moved up again. */
#include "../harness.h"

static char *map_at(int fd, long offset, long length)
{
	long slack = offset % P;
	char *p = mmap(NULL, length + slack, PROT_READ, MAP_PRIVATE, fd, offset - slack);

	NEED(p != MAP_FAILED);
	return p + slack;
}

static void run(void)
{
	int fd = tagged_file(tmpfs(), 4 * P);

	HOLDS(map_at(fd, 4096, 4096), 4096, 4096);
	HOLDS(map_at(fd, P + P / 2, P), P + P / 2, P);
}
