/* group: msync */
/* Over a hole the rest is flushed, then ENOMEM. */
#include "../harness.h"

static void run(void)
{
	int fd = tagged_file(disk(), 4 * P);
	char *p = area(4 * P);

	NEED(mmap(p, 4 * P, RW, MAP_SHARED | MAP_FIXED, fd, 0) == p);
	NEED(munmap(p + P, P) == 0);
	p[3 * P] = 1;
	CALL(msync(p, 4 * P, MS_SYNC));
	CALL(msync(p, P + 1, MS_ASYNC));
	CALL(msync(p, P, MS_SYNC));
	CALL(msync(p + P, P, MS_SYNC));
	CALL(msync(p + P, 0, MS_SYNC));
	PAGES(p, 4);
}
