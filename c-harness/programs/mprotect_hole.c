/* group: mprotect */
/* Up to the hole the change is made, then ENOMEM. */
#include "../harness.h"

static void run(void)
{
	char *p = rw_area(8 * P);

	NEED(munmap(p + 3 * P, P) == 0);
	CALL(mprotect(p + P, 5 * P, PROT_READ));
	PAGES(p, 8);
	CALL(mprotect(p + 3 * P, P, PROT_READ));
	CALL(mprotect(p + 3 * P, 3 * P, PROT_READ));
	CALL(mprotect(p + 2 * P, P + 1, PROT_NONE));
	PAGES(p, 8);
	CALL(mprotect(p + 2 * P, 0, RW));
	CALL(mprotect(p + 3 * P, 0, RW));
	PAGES(p, 8);
}
