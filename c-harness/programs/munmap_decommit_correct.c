/* group: munmap */
/* Its twin gives back whole pages. */
#include "../harness.h"

static void run(void)
{
	char *p = rw_area(4 * P);

	memset(p, 7, 4 * P);
	MAP(mmap(p + P, 2 * P, PROT_NONE, ANON | MAP_FIXED | MAP_NORESERVE, -1, 0));
	PAGES(p, 4);
	CALL(mprotect(p + P, P, RW));
	say("%d %d %d", byte(p + P - 1), byte(p + P), byte(p + 3 * P));
}
