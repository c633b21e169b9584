/* group: mremap */
/* Old size 0 makes another mapping of the same shared memory. */
#include "../harness.h"

static void run(void)
{
	int fd = tagged_file(tmpfs(), 4 * P);
	char *p = mmap(NULL, 4 * P, RW, MAP_SHARED, fd, 0);

	NEED(p != MAP_FAILED);
	char *q = mremap(p + P, 0, 2 * P - 1, MREMAP_MAYMOVE);
	NEED(q != MAP_FAILED);
	HOLDS(q, P, 2 * P);
	q[0] = 99;
	SHOW(byte(p + P));
	PAGES(p, 4);
	MAP(mremap(p, 0, P, 0));
	MAP(mremap(rw_area(P), 0, P, MREMAP_MAYMOVE));
}
