/* group: mprotect */
/* Its twin asks for a page, and protects that. The heap is memory that the
 * program did not map itself. */
#include "../harness.h"

static void run(void)
{
	char *p = NULL;

	NEED(posix_memalign((void **)&p, P, 3 * P) == 0);
	memset(p, 1, 3 * P);
	CALL(mprotect(p + P, P, PROT_READ));
	PAGES(p, 3);
	CALL(mprotect(p + P, P / 2, RW));
	PAGES(p, 3);
}
