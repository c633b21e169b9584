/* group: special */
#include "../harness.h"

static char *p;

static void child(void)
{
	p[0] = 1;
	p[3 * P - 1] = 2;
	CALL(munmap(p + P, 1));
	PAGES(p, 3);
}

static void run(void)
{
	p = mmap(NULL, 2 * P + 1, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	NEED(p != MAP_FAILED);
	in_child(child);
	say("%d %d", p[0], p[3 * P - 1]);
	PAGES(p, 3);
}
