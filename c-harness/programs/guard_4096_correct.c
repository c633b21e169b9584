/* group: mprotect */
/* Its twin has guards of a page. */
#include "../harness.h"

static void run(void)
{
	long n = 4 * P;
	char *p = mmap(NULL, n, RW, ANON, -1, 0);

	NEED(p != MAP_FAILED);
	CALL(mprotect(p + n - P, P, PROT_NONE));
	CALL(mprotect(p, P, PROT_NONE));
	WRITE(p + n - P);
	WRITE(p + P);
	PAGES(p, 4);
}
