/* group: size */
/* Its twin commits whole pages. */
#include "../harness.h"

static void run(void)
{
	char *bitmap = mmap(NULL, 4 * P, PROT_NONE, ANON, -1, 0);
	long committed = 0, failed = 0;

	NEED(bitmap != MAP_FAILED);
	for (; committed < 2 * P; committed += P)
		failed += mprotect(bitmap + committed, P, RW) != 0;
	SHOW(failed);
	PAGES(bitmap, 4);
}
