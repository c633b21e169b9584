/* group: mprotect */
/* A secret of 4096 bytes between two guards of 4096 bytes. */
#include "../harness.h"

static void run(void)
{
	char *p = rw_area(4 * P);

	CALL(mprotect(p, 4096, PROT_NONE));
	CALL(mprotect(p + 2 * 4096, 4096, PROT_NONE));
	CALL(mlock(p + 4096, 4096));
	WRITE(p + 4096);
}
