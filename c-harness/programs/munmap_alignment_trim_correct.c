/* group: munmap */
/* Its twin aligns to more than a page, and trims what is then whole pages. */
#include "../harness.h"

static void run(void)
{
	long align = 8 * P, length = 3 * P + 100;
	char *p = mmap(NULL, align + length, RW, ANON, -1, 0);

	NEED(p != MAP_FAILED);
	char *user = p + -(uintptr_t)p % align;
	char *end = user + (length + P - 1) / P * P, *all = p + (align + length + P - 1) / P * P;
	if (user != p)
		NEED(munmap(p, user - p) == 0);
	if (end != all)
		NEED(munmap(end, all - end) == 0);
	CHECK((uintptr_t)user % align == 0);
	PAGES(user, 4);
}
