/* group: mremap */
/* Old and new address must be multiples of P. */
#include "../harness.h"

static void run(void)
{
	char *p = rw_area(4 * P), *z = area(4 * P);

	MAP(mremap(p + P / 2, P, 2 * P, MREMAP_MAYMOVE));
	MAP(mremap(p + 1, P, P, 0));
	MAP(mremap(p, P, P, MREMAP_MAYMOVE | MREMAP_FIXED, z + P / 2));
	MAP(mremap(p, P, P, MREMAP_FIXED, z));
	MAP(mremap(p, P, 0, 0));
	MAP(mremap(p, P, 0, MREMAP_MAYMOVE));
	MAP(mremap(p, 0, P, MREMAP_MAYMOVE));
	MAP(mremap(p, P, P, 0x100));
	PAGES(p, 4);
	PAGES(z, 4);
}
