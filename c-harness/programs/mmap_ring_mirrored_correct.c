/* group: file */
/* Its twin makes the ring a whole number of pages. */
#include "../harness.h"

static void run(void)
{
	long n = 2 * P;
	int fd = new_file(tmpfs(), n);
	char *p = mmap(NULL, 2 * n, PROT_NONE, ANON, -1, 0);

	NEED(p != MAP_FAILED);
	MAP(mmap(p, n, RW, MAP_SHARED | MAP_FIXED, fd, 0));
	MAP(mmap(p + n, n, RW, MAP_SHARED | MAP_FIXED, fd, 0));
	fill(p, n);
	HOLDS(p + n, 0, n);
	memcpy(p + n - 3, "around", 6);
	say("%.3s", p);
	p[n + P] = 9;
	SHOW(p[P]);
}
