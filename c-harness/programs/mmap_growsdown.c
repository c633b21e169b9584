/* group: special */
/* A mapping that grows down when the page below it is touched. */
#include "../harness.h"

static void run(void)
{
	/* far from anything else: a stack keeps a gap of 256 pages below it */
	char *p = (char *)(5UL << 40) + 512 * P;

	MAP(mmap(p, 4 * P, RW, ANON | MAP_FIXED | MAP_GROWSDOWN, -1, 0));
	PAGES(p, 5);
	p[0] = 1;
	WRITE(p - 1);
	WRITE(p - P);
	WRITE(p - P + P / 2);
	SHOW(byte(p));
	PAGES(p - P, 6);
	CALL(munmap(p - P, 5 * P));
	PAGES(p - P, 6);
}
