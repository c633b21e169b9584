/* group: mremap */
/* Content and protection move along; the old place is free. */
#include "../harness.h"

static void run(void)
{
	char *p = rw_area(4 * P);

	fill(p, 4 * P);
	NEED(mprotect(p, 2 * P, PROT_READ) == 0);
	char *q = mremap(p, 2 * P, 5 * P, MREMAP_MAYMOVE);
	NEED(q != MAP_FAILED && q != p);
	CHECK((uintptr_t)q % P == 0);
	PAGES(p, 4);
	PAGES(q, 5);
	HOLDS(q, 0, 2 * P);
	SHOW(byte(q + 5 * P - 1));
	CALL(munmap(q + P, 1));
	PAGES(q, 5);
	MAP(mmap(p, 2 * P, RW, ANON | MAP_FIXED_NOREPLACE, -1, 0));
	HOLDS(p + 2 * P, 2 * P, 2 * P);
}
