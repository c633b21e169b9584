/* group: mprotect */
/* Its twin splits at a page. */
#include "../harness.h"

static void run(void)
{
	char *p = rw_area(2 * P);
	char *code = p, *data = p + (4096 + P - 1) / P * P;

	CALL(mprotect(code, 4096, PROT_READ));
	WRITE(code);
	WRITE(data);
}
