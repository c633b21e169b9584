/* group: madvise */
/* Over a hole the rest is done, then ENOMEM. */
#include "../harness.h"

static void run(void)
{
	char *p = rw_area(4 * P);

	memset(p, 7, 4 * P);
	NEED(munmap(p + P, P) == 0);
	CALL(madvise(p, 4 * P, MADV_DONTNEED));
	say("%d %d %d", byte(p), byte(p + 2 * P), byte(p + 4 * P - 1));
	memset(p, 7, P);
	CALL(madvise(p, P + 1, MADV_DONTNEED));
	SHOW(byte(p));
	CALL(madvise(p + P, P, MADV_DONTNEED));
	CALL(madvise(p + P, P, MADV_NORMAL));
	PAGES(p, 4);
}
