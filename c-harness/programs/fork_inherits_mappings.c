/* group: fork */
/* A child has its parent's mappings; what it changes is its own. */
#include "../harness.h"

static char *p;

static void child(void)
{
	PAGES(p, 6);
	HOLDS(p, 0, P);
	CALL(munmap(p + P, 1));
	CALL(mprotect(p + 3 * P, 1, PROT_NONE));
	CALL(munmap(p + P / 2, P));
	MAP(mmap(p, P, RW, ANON | MAP_FIXED_NOREPLACE, -1, 0));
	PAGES(p, 6);
	MAP(mmap(NULL, 1, RW, ANON, -1, 0));
}

static void run(void)
{
	p = rw_area(6 * P);
	fill(p, 6 * P);
	NEED(mprotect(p + 2 * P, P, PROT_READ) == 0 && munmap(p + 5 * P, P) == 0);
	in_child(child);
	PAGES(p, 6);
	HOLDS(p, 0, P);
	CALL(munmap(p, 6 * P));
}
