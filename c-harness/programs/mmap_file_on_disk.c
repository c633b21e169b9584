/* group: file */
/* The same on a file system with blocks of 4096 bytes. */
#include "../harness.h"

static void run(void)
{
	int fd = tagged_file(disk(), 4 * P);
	char *p = mmap(NULL, 4 * P, RW, MAP_SHARED, fd, 0), b = 0;

	NEED(p != MAP_FAILED);
	HOLDS(p, 0, 4 * P);
	MAP(mmap(NULL, P, PROT_READ, MAP_SHARED, fd, P / 4));
	p[2 * P + 3] = 88;
	CALL(msync(p + 2 * P, P, MS_SYNC));
	NEED(pread(fd, &b, 1, 2 * P + 3) == 1);
	SHOW(b);
	CALL(munmap(p + P, P));
	PAGES(p, 4);
	HOLDS(p + 3 * P, 3 * P, P);
}
