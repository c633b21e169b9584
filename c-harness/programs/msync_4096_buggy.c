/* group: msync */
/* A database flushes the 4096 bytes it changed. */
#include "../harness.h"

static void run(void)
{
	int fd = tagged_file(disk(), 4 * P);
	char *p = mmap(NULL, 4 * P, RW, MAP_SHARED, fd, 0);

	NEED(p != MAP_FAILED);
	p[3 * 4096 + 7] = 1;
	CALL(msync(p + 3 * 4096, 4096, MS_SYNC));
}
