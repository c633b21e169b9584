/* group: mprotect */
/* The start must be a multiple of P, also with length 0. */
#include "../harness.h"

static void run(void)
{
	char *p = rw_area(4 * P);

	CALL(mprotect(p + 1, P, PROT_READ));
	CALL(mprotect(p + P / 2, P / 2, PROT_READ));
	CALL(mprotect(p + P / 16, 1, PROT_NONE));
	CALL(mprotect(p + P / 2, 0, PROT_NONE));
	CALL(mprotect(p + P / 2, SIZE_MAX, PROT_NONE));
	PAGES(p, 4);
}
