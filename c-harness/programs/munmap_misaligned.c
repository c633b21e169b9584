/* group: munmap */
/* The start must be a multiple of P; nothing is unmapped otherwise. */
#include "../harness.h"

static void run(void)
{
	char *p = rw_area(4 * P);

	CALL(munmap(p + 1, P));
	CALL(munmap(p + P / 2, P));
	CALL(munmap(p + P / 16, P / 16));
	CALL(munmap(p + P / 2, 0));
	CALL(munmap(p + P - 1, 1));
	PAGES(p, 4);
	CALL(munmap(p + P, P));
	PAGES(p, 4);
}
