/* group: mprotect */
/* Its twin has a page for each. */
#include "../harness.h"

static void run(void)
{
	char *p = rw_area(4 * P);

	CALL(mprotect(p, P, PROT_NONE));
	CALL(mprotect(p + 2 * P, P, PROT_NONE));
	CALL(mlock(p + P, 4096));
	WRITE(p + P);
	WRITE(p + 2 * P - 1);
	READ(p + 2 * P);
	READ(p + P - 1);
}
