/* group: madvise */
/* A memory pool gives 4096 bytes back and does not look at the answer (velox). */
#include "../harness.h"

static void run(void)
{
	char *p = rw_area(2 * P);

	memset(p, 7, 2 * P);
	CALL(madvise(p + 4096, 4096, MADV_DONTNEED));
	SHOW(byte(p + 4096));
	CALL(madvise(p, 4096, MADV_DONTNEED));
	say("bytes at 0, 4096, P-1, P: %d %d %d %d", byte(p), byte(p + 4096), byte(p + P - 1), byte(p + P));
}
