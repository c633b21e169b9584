/* group: mremap */
/* To a given place, over what is there; overlaps are refused. */
#include "../harness.h"

static void run(void)
{
	char *p = rw_area(6 * P), *z = rw_area(6 * P), *q;

	fill(p, 6 * P);
	memset(z, 200, 6 * P);
	q = mremap(p, P + 1, P + 1, MREMAP_MAYMOVE | MREMAP_FIXED, z + P);
	CHECK(q == z + P);
	PAGES(p, 6);
	HOLDS(z + P, 0, 2 * P);
	say("%d %d", byte(z), byte(z + 3 * P));
	q = mremap(p + 2 * P, 4 * P, P, MREMAP_MAYMOVE | MREMAP_FIXED, z + 5 * P);
	CHECK(q == z + 5 * P);
	PAGES(p, 6);
	HOLDS(z + 5 * P, 2 * P, P);
	MAP(mremap(z, 3 * P, 3 * P, MREMAP_MAYMOVE | MREMAP_FIXED, z + 2 * P));
	PAGES(z, 6);
}
