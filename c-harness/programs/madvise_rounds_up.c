/* group: madvise */
/* A byte of a page is the page. */
#include "../harness.h"

static void run(void)
{
	char *p = rw_area(6 * P);

	fill(p, 6 * P);
	CALL(madvise(p, 1, MADV_DONTNEED));
	CALL(madvise(p + 2 * P, P + 1, MADV_DONTNEED));
	for (int i = 0; i < 6; i++)
		say("page %d: first byte kept %d, last byte kept %d", i, byte(p + i * P) != 0, byte(p + i * P + P - 1) != 0);
	PAGES(p, 6);
}
