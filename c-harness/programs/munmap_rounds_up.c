/* group: munmap */
/* A byte of a page unmaps the page. */
#include "../harness.h"

static void run(void)
{
	char *p = rw_area(8 * P);

	fill(p, 8 * P);
	CALL(munmap(p, 1));
	PAGES(p, 8);
	CALL(munmap(p + 2 * P, P + 1));
	PAGES(p, 8);
	CALL(munmap(p + 5 * P, 2 * P - P / 16));
	PAGES(p, 8);
	HOLDS(p + P, P, P);
	HOLDS(p + 4 * P, 4 * P, P);
	HOLDS(p + 7 * P, 7 * P, P);
}
