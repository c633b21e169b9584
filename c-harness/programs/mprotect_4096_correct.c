/* group: mprotect */
/* 4K-aligned protections rounded outwards to pages by the program itself. */
#include "../harness.h"

static int protect(char *from, long length, int protection)
{
	char *start = from - (uintptr_t)from % P;
	char *end = from + length + -(uintptr_t)(from + length) % P;

	return mprotect(start, end - start, protection);
}

static void run(void)
{
	char *p = rw_area(4 * P);

	CALL(protect(p + P / 4, P / 4, PROT_READ));
	PAGES(p, 4);
	CALL(protect(p + P + P / 2, P, PROT_NONE));
	PAGES(p, 4);
}
