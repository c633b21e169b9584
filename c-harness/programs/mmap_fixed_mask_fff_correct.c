/* group: mmap */
/* Its twin rounds with the page size. */
#include "../harness.h"

static void run(void)
{
	char *p = area(4 * P);
	char *at = (char *)(((uintptr_t)p + P + 5) & -(uintptr_t)P);

	MAP(mmap(at, P, RW, ANON | MAP_FIXED, -1, 0));
	WRITE(at);
	PAGES(p, 4);
}
