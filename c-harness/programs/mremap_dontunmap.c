/* group: mremap */
/* MREMAP_DONTUNMAP leaves the old place mapped and empty. */
#include "../harness.h"
#ifndef MREMAP_DONTUNMAP
#define MREMAP_DONTUNMAP 4
#endif

static void run(void)
{
	char *p = rw_area(3 * P);

	fill(p, 3 * P);
	char *q = mremap(p, 2 * P, 2 * P, MREMAP_MAYMOVE | MREMAP_DONTUNMAP, NULL);
	NEED(q != MAP_FAILED);
	PAGES(p, 3);
	PAGES(q, 2);
	SHOW(byte(p) + byte(p + 2 * P - 1));
	HOLDS(q, 0, 2 * P);
	HOLDS(p + 2 * P, 2 * P, P);
	MAP(mremap(p, P, 2 * P, MREMAP_MAYMOVE | MREMAP_DONTUNMAP, NULL));
	MAP(mremap(p, P, P, MREMAP_DONTUNMAP, NULL));
	MAP(mremap(p + P / 2, P, P, MREMAP_MAYMOVE | MREMAP_DONTUNMAP, NULL));
}
