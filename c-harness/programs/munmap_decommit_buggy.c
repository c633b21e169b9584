/* group: munmap */
/* A pool gives 4096 bytes back by mapping them without access. */
#include "../harness.h"

static void run(void)
{
	char *p = rw_area(2 * P);

	memset(p, 7, 2 * P);
	MAP(mmap(p, 4096, PROT_NONE, ANON | MAP_FIXED, -1, 0));
	READ(p + 4096);
	MAP(mmap(p + 4096, 4096, PROT_NONE, ANON | MAP_FIXED, -1, 0));
}
