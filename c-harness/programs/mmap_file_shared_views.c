/* group: file */
/* Two shared mappings of a file, pread and pwrite see the same bytes. */
#include "../harness.h"

static void run(void)
{
	int fd = tagged_file(tmpfs(), 3 * P);
	char *p = mmap(NULL, 3 * P, RW, MAP_SHARED, fd, 0);
	char *q = mmap(NULL, P, RW, MAP_SHARED, fd, P), b = 0;

	NEED(p != MAP_FAILED && q != MAP_FAILED);
	p[P + 5] = 100;
	SHOW(q[5]);
	q[P - 1] = 101;
	SHOW(p[2 * P - 1]);
	CALL(pwrite(fd, "z", 1, P + P / 2));
	SHOW(p[P + P / 2] == 'z' && q[P / 2] == 'z');
	NEED(pread(fd, &b, 1, 2 * P - 1) == 1);
	SHOW(b);
	NEED(munmap(p, 3 * P) == 0);
	HOLDS(q + 6, P + 6, P / 2 - 6);
}
