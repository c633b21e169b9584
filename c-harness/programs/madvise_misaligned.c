/* group: madvise */
/* The start must be a multiple of P; the advice itself is looked at first. */
#include "../harness.h"

static void run(void)
{
	char *p = rw_area(4 * P);

	memset(p, 7, 4 * P);
	CALL(madvise(p + P / 2, P / 2, MADV_DONTNEED));
	CALL(madvise(p + 1, P, MADV_WILLNEED));
	CALL(madvise(p + P / 16, 0, MADV_DONTNEED));
	CALL(madvise(p + P / 2, P, 12345));
	CALL(madvise(p, 0, 12345));
	CALL(madvise(p, 0, MADV_DONTNEED));
	CALL(madvise(p, SIZE_MAX, MADV_DONTNEED));
	CALL(madvise(p, SIZE_MAX - P, MADV_DONTNEED));
	SHOW(posix_madvise(p + P / 2, P, POSIX_MADV_WILLNEED));
	SHOW(posix_madvise(p, 1, POSIX_MADV_SEQUENTIAL));
	SHOW(byte(p + P / 2) + byte(p + 2 * P));
}
