/* group: mremap */
/* Its twin counts in pages. */
#include "../harness.h"

static void run(void)
{
	char *p = rw_area(4 * P);

	fill(p, 4 * P);
	char *q = mremap(p, 4 * P, 2 * P, 0);
	CHECK(q == p);
	PAGES(p, 4);
	q = mremap(p, 2 * P, 8 * P, MREMAP_MAYMOVE);
	NEED(q != MAP_FAILED);
	HOLDS(q, 0, 2 * P);
	SHOW(byte(q + 8 * P - 1));
	CHECK(q == p || state_of(p) == '.');
}
