/* group: mremap */
/* A vector doubles from 4096 to 8192 bytes in place and believes it had to move,
 * or shrinks by 4096 and believes the rest is gone. */
#include "../harness.h"

static void run(void)
{
	char *p = rw_area(4 * P);

	MAP(mremap(p, 4096, 8192, 0));
	char *q = mremap(p, 4 * P, 4 * P - 4096, 0);
	CHECK(q == p);
	READ(p + 4 * P - 4096);
	MAP(mremap(p + 4096, 4096, 4096, MREMAP_MAYMOVE));
}
