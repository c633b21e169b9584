/* group: mprotect */
/* 4K-aligned protections (dosemu2): refused, or rounded over the neighbour. */
#include "../harness.h"

static void run(void)
{
	char *p = rw_area(4 * P);

	CALL(mprotect(p + 4096, 4096, PROT_READ));
	CALL(mprotect(p + 8192, 4096, PROT_NONE));
	WRITE(p + 4096);
	CALL(mprotect(p, 4096, PROT_READ));
	WRITE(p + 4096);
	WRITE(p + 12288);
}
