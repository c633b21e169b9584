/* group: mprotect */
/* A byte of a page changes the page. */
#include "../harness.h"

static void run(void)
{
	char *p = rw_area(8 * P);

	fill(p, 8 * P);
	CALL(mprotect(p, 1, PROT_READ));
	CALL(mprotect(p + 2 * P, P + 1, PROT_NONE));
	CALL(mprotect(p + 5 * P, 2 * P - P / 16, PROT_READ));
	PAGES(p, 8);
	CALL(mprotect(p + 3 * P, P / 2, RW));
	PAGES(p, 8);
	HOLDS(p + 3 * P, 3 * P, P);
}
