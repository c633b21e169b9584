/* group: mremap */
/* Without MREMAP_FIXED there is no fifth argument: what is in its register does not
 * matter, whatever pages there are. */
#include "../harness.h"

static void run(void)
{
	char *p = rw_area(4 * P);
	void *garbage = (void *)K4;

	MAP(mremap(p, P, P, 0, garbage));
	MAP(mremap(p, P, 2 * P, MREMAP_MAYMOVE, garbage));
	MAP(mremap(p + P, P, P, MREMAP_MAYMOVE | 4 /* DONTUNMAP */, garbage));
	MAP(mremap(p + 2 * P, P, P, MREMAP_MAYMOVE | MREMAP_FIXED, (char *)(P / 16)));
}
