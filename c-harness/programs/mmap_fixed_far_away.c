/* group: mmap */
/* MAP_FIXED at a place far from everything else: mapped, tracked, checked. */
#include "../harness.h"

static void run(void)
{
	char *p = (char *)(2UL << 40);

	MAP(mmap(p, 4 * P, RW, ANON | MAP_FIXED, -1, 0));
	PAGES(p, 5);
	CALL(munmap(p + P, P / 2));
	CALL(mprotect(p + 2 * P, 1, PROT_READ));
	PAGES(p, 5);
	CALL(munmap(p + P / 2, P));
	CALL(mprotect(p + P / 2, P, PROT_NONE));
	MAP(mmap(p + P, 1, PROT_NONE, ANON | MAP_FIXED_NOREPLACE, -1, 0));
	MAP(mmap(p, P, RW, ANON | MAP_FIXED_NOREPLACE, -1, 0));
	PAGES(p, 5);
}
