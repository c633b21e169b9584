/* group: heap */
/* A gigabyte reserved without access, committed and given back in pieces, as
 * garbage collectors do. */
#include "../harness.h"

static void run(void)
{
	long n = 1L << 30;
	char *p = mmap(NULL, n, PROT_NONE, ANON | MAP_NORESERVE, -1, 0);

	NEED(p != MAP_FAILED);
	CALL(mprotect(p + 16 * P, 4 * P, RW));
	CALL(mprotect(p + 20 * P, 1, RW));
	memset(p + 16 * P, 1, 5 * P);
	PAGES(p + 15 * P, 8);
	MAP(mmap(p + 17 * P, 2 * P, PROT_NONE, ANON | MAP_FIXED | MAP_NORESERVE, -1, 0));
	PAGES(p + 15 * P, 8);
	CALL(mprotect(p + 17 * P, P, RW));
	SHOW(byte(p + 17 * P));
	CALL(mprotect(p + n - P, P, RW));
	PAGES(p + n - 2 * P, 2);
	CALL(munmap(p, n));
	PAGES(p + 15 * P, 4);
}
