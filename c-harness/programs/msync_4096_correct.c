/* group: msync */
/* Its twin flushes the pages that hold them. */
#include "../harness.h"

static void run(void)
{
	int fd = tagged_file(disk(), 4 * P);
	char *p = mmap(NULL, 4 * P, RW, MAP_SHARED, fd, 0), b = 0;

	NEED(p != MAP_FAILED);
	long at = 3 * P / 2, start = at / P * P;
	p[at + 7] = 1;
	CALL(msync(p + start, at - start + 100, MS_SYNC));
	NEED(pread(fd, &b, 1, at + 7) == 1);
	SHOW(b);
}
