/* group: mprotect */
/* Code and data in one allocation, split at 4096 (Solo5): making the first part
 * read-only takes write from the data behind it. */
#include "../harness.h"

static void run(void)
{
	char *p = rw_area(2 * P);
	char *code = p, *data = p + 4096;

	CALL(mprotect(code, 4096, PROT_READ));
	WRITE(code);
	WRITE(data);
	WRITE(p + P);
}
