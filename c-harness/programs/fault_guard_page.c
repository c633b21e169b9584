/* group: fault */
/* Running over the end of a buffer meets its guard, at once and exactly. */
#include "../harness.h"

static void run(void)
{
	char *p = mmap(NULL, 5 * P, PROT_NONE, ANON, -1, 0);

	NEED(p != MAP_FAILED && mprotect(p + P, 3 * P, RW) == 0);
	SHOW(extent(p + P, 5 * P, WRITE_ACCESS) / P);
	WRITE(p + P - 1);
	WRITE(p + P);
	WRITE(p + 4 * P - 1);
	WRITE(p + 4 * P);
	PAGES(p, 5);
}
