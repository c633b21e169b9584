/* group: mprotect */
/* Heap memory, which the program did not map itself: a start inside a page is
 * refused, a part of a page is all of it. */
#include "../harness.h"

static void run(void)
{
	char *p = NULL;

	NEED(posix_memalign((void **)&p, P, 3 * P) == 0);
	memset(p, 1, 3 * P);
	CALL(mprotect(p + P / 2, P, PROT_READ));
	PAGES(p, 3);
	CALL(mprotect(p + P, P / 4, PROT_READ));
	PAGES(p, 3);
	CALL(mprotect(p + P, 1, RW));
	PAGES(p, 3);
}
