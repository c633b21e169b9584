/* group: mmap */
/* Linux places each mapping right below the last one, and fills the gap that
 * one leaves. */
#include "../harness.h"

static char *map(long n)
{
	char *p = mmap(NULL, n, PROT_NONE, ANON | MAP_NORESERVE, -1, 0);

	NEED(p != MAP_FAILED);
	return p;
}

static void run(void)
{
	/* below the size from which kernels align to huge pages */
	long n = MIB + P;

	/* gaps between libraries are filled first */
	for (int i = 0; i < 60; i++)
		map(n);
	char *p = map(n), *q = map(n), *r = map(n + 1);
	CHECK(p - q == n);
	CHECK(q - r == n + P);
	NEED(munmap(q, n) == 0);
	CHECK(map(n) == q);
}
