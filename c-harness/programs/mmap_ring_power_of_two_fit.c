/* group: file */
/* The usual ring of "at least so many bytes": rounded with the page size. */
#include "../harness.h"

static void run(void)
{
	long want = 5000, n = (want + P - 1) / P * P;
	int fd = memfd_create("ring", 0);

	NEED(fd >= 0 && ftruncate(fd, n) == 0);
	char *p = mmap(NULL, 2 * n, PROT_NONE, ANON, -1, 0);
	NEED(p != MAP_FAILED);
	NEED(mmap(p, n, RW, MAP_SHARED | MAP_FIXED, fd, 0) == p);
	NEED(mmap(p + n, n, RW, MAP_SHARED | MAP_FIXED, fd, 0) == p + n);
	p[n - 1] = 1;
	p[n] = 2;
	say("%d %d %d", p[0], p[2 * n - 1], p[n - 1]);
}
