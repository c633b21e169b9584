/* group: munmap */
/* Unmapping what is not mapped succeeds. */
#include "../harness.h"

static void run(void)
{
	char *p = hole(8 * P);

	CALL(munmap(p, 8 * P));
	CALL(munmap(p + P, 1));
	NEED(mmap(p + 3 * P, P, RW, ANON | MAP_FIXED, -1, 0) == p + 3 * P);
	CALL(munmap(p, 8 * P));
	CALL(munmap(p, 8 * P));
	PAGES(p, 8);
}
