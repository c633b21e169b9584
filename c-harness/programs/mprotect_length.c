/* group: mprotect */
/* Length 0 succeeds everywhere; lengths that do not fit are ENOMEM. */
#include "../harness.h"

static void run(void)
{
	char *p = rw_area(4 * P), *q = hole(P);

	CALL(mprotect(p, 0, PROT_NONE));
	CALL(mprotect(q, 0, PROT_NONE));
	CALL(mprotect(NULL, 0, PROT_NONE));
	CALL(mprotect(p, SIZE_MAX, PROT_READ));
	CALL(mprotect(p, SIZE_MAX - P, PROT_READ));
	CALL(mprotect(p, -(size_t)P, PROT_READ));
	PAGES(p + 3 * P, 1);
}
