/* group: madvise */
/* Pages kept from a child, and pages that are empty in it. */
#include "../harness.h"

static char *p;

static void child(void)
{
	PAGES(p, 6);
	say("%d %d", byte(p), byte(p + 3 * P));
	MAP(mmap(p + P, P, RW, ANON | MAP_FIXED_NOREPLACE, -1, 0));
	PAGES(p, 6);
}

static void run(void)
{
	p = rw_area(6 * P);
	memset(p, 7, 6 * P);
	CALL(madvise(p + P, P + 1, MADV_DONTFORK));
	CALL(madvise(p + P / 2, P, MADV_DONTFORK));
	CALL(madvise(p + 2 * P, 1, MADV_DOFORK));
	CALL(madvise(p + 3 * P, 1, MADV_WIPEONFORK));
	in_child(child);
	PAGES(p, 6);
}
