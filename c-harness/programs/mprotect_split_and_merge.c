/* group: mprotect */
/* Protections set page by page, in several orders. */
#include "../harness.h"

static void run(void)
{
	char *p = rw_area(10 * P);

	fill(p, 10 * P);
	for (int i = 0; i < 10; i += 2)
		NEED(mprotect(p + i * P, P, PROT_READ) == 0);
	PAGES(p, 10);
	for (int i = 1; i < 10; i += 4)
		NEED(mprotect(p + i * P, 2 * P, PROT_NONE) == 0);
	PAGES(p, 10);
	CALL(mprotect(p, 10 * P, PROT_READ));
	PAGES(p, 10);
	CALL(mprotect(p + 3 * P, 4 * P, RW));
	CALL(mprotect(p + 4 * P, 2 * P, PROT_READ));
	PAGES(p, 10);
	HOLDS(p, 0, 10 * P);
	CALL(munmap(p + 4 * P, 3 * P));
	PAGES(p, 10);
}
