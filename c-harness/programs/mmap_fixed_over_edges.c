/* group: mmap */
/* A fixed mapping over the end of one, a gap, and the start of another. */
#include "../harness.h"

static void run(void)
{
	char *p = hole(10 * P);

	NEED(mmap(p + P, 3 * P, RW, ANON | MAP_FIXED, -1, 0) == p + P);
	NEED(mmap(p + 6 * P, 3 * P, PROT_READ, ANON | MAP_FIXED, -1, 0) == p + 6 * P);
	memset(p + P, 5, 3 * P);
	PAGES(p, 10);
	MAP(mmap(p + 3 * P, 4 * P, PROT_NONE, ANON | MAP_FIXED, -1, 0));
	PAGES(p, 10);
	SHOW(byte(p + 3 * P - 1));
	MAP(mmap(p, 10 * P, RW, ANON | MAP_FIXED, -1, 0));
	PAGES(p, 10);
	SHOW(byte(p + P));
}
