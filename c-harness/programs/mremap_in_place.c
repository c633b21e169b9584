/* group: mremap */
/* Growth in place where there is room, refusal where there is none. */
#include "../harness.h"

static void run(void)
{
	char *p = hole(8 * P), *q;

	NEED(mmap(p, P, RW, ANON | MAP_FIXED, -1, 0) == p);
	fill(p, P);
	q = mremap(p, P, 3 * P + 1, 0);
	CHECK(q == p);
	PAGES(p, 8);
	HOLDS(p, 0, P);
	SHOW(byte(p + 4 * P - 1));
	NEED(mmap(p + 6 * P, P, PROT_READ, ANON | MAP_FIXED, -1, 0) != MAP_FAILED);
	q = mremap(p, 4 * P, 6 * P, 0);
	CHECK(q == p);
	MAP(mremap(p, 6 * P, 6 * P + 1, 0));
	PAGES(p, 8);
	MAP(mremap(p, SIZE_MAX, 2 * P, 0));
	PAGES(p, 8);
}
