/* group: mremap */
/* A range that is not one mapping. */
#include "../harness.h"

static void run(void)
{
	char *p = rw_area(6 * P);

	NEED(munmap(p + 5 * P, P) == 0);
	MAP(mremap(p + 4 * P, 2 * P, 3 * P, MREMAP_MAYMOVE));
	MAP(mremap(p + 5 * P, P, P, MREMAP_MAYMOVE));
	MAP(mremap(p + 5 * P, P, 2 * P, MREMAP_MAYMOVE));
	NEED(mprotect(p + P, P, PROT_READ) == 0);
	MAP(mremap(p, 2 * P, 3 * P, MREMAP_MAYMOVE));
	/* one byte into what is protected otherwise: its whole page is meant */
	MAP(mremap(p, P + 1, 3 * P, MREMAP_MAYMOVE));
	PAGES(p, 6);
}
