/* group: size */
/* Its twin takes the larger of what it was compiled for and what there is. */
#include "../harness.h"

enum { COMPILED_PAGE = 4096 };

static void run(void)
{
	long page = sysconf(_SC_PAGESIZE);

	if (page < COMPILED_PAGE)
		page = COMPILED_PAGE;
	char *p = mmap(NULL, 2 * page, RW, ANON, -1, 0);
	NEED(p != MAP_FAILED);
	CALL(mprotect(p + page, page, PROT_NONE));
	CALL(munmap(p + page, page));
	PAGES(p, 2);
}
