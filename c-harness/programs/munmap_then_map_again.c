/* group: munmap */
/* What comes back is empty. */
#include "../harness.h"

static void run(void)
{
	char *p = rw_area(3 * P);

	fill(p, 3 * P);
	CALL(munmap(p + P, 1));
	MAP(mmap(p + P, 1, RW, ANON | MAP_FIXED_NOREPLACE, -1, 0));
	SHOW(byte(p + P));
	SHOW(byte(p + 2 * P - 1));
	HOLDS(p, 0, P);
	HOLDS(p + 2 * P, 2 * P, P);
}
