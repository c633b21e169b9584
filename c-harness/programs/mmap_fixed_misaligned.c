/* group: mmap */
/* A fixed address must be a multiple of P; what is there stays. */
#include "../harness.h"

static void run(void)
{
	char *p = rw_area(4 * P);

	p[0] = p[P] = 9;
	MAP(mmap(p + 1, P, RW, ANON | MAP_FIXED, -1, 0));
	MAP(mmap(p + P / 2, P, RW, ANON | MAP_FIXED, -1, 0));
	MAP(mmap(p + P - P / 16, P, PROT_NONE, ANON | MAP_FIXED, -1, 0));
	MAP(mmap(p + P + P / 4, 1, PROT_NONE, ANON | MAP_FIXED, -1, 0));
	PAGES(p, 4);
	SHOW(p[0] + p[P]);
}
