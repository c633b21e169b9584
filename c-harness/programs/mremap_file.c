/* group: mremap */
/* A file's mapping grows to show more of the file. */
#include "../harness.h"

static void run(void)
{
	int fd = tagged_file(tmpfs(), 6 * P);
	char *p = mmap(NULL, P, RW, MAP_SHARED, fd, P);

	NEED(p != MAP_FAILED);
	char *q = mremap(p, P, 4 * P + P / 2, MREMAP_MAYMOVE);
	NEED(q != MAP_FAILED);
	HOLDS(q, P, 5 * P);
	PAGES(q, 5);
	char *r = mremap(q + 2 * P, P, 3 * P, MREMAP_MAYMOVE);
	NEED(r != MAP_FAILED && r != q + 2 * P);
	HOLDS(r, 3 * P, 3 * P);
	PAGES(q, 5);
	HOLDS(q + 3 * P, 4 * P, 2 * P);
}
