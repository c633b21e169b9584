/* group: mprotect */
/* A guard of 4096 bytes at the end of a stack or buffer. */
#include "../harness.h"

static void run(void)
{
	long n = 2 * P;
	char *p = mmap(NULL, n, RW, ANON, -1, 0);

	NEED(p != MAP_FAILED);
	CALL(mprotect(p + n - 4096, 4096, PROT_NONE));
	CALL(mprotect(p, 4096, PROT_NONE));
	WRITE(p + n - 1);
	WRITE(p + 4096);
}
