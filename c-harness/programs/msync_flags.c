/* group: msync */
/* Which flags go together, and which fault is found first. */
#include "../harness.h"

static void run(void)
{
	int fd = tagged_file(disk(), 2 * P);
	char *p = mmap(NULL, 2 * P, RW, MAP_SHARED, fd, 0);

	NEED(p != MAP_FAILED);
	CALL(msync(p, P, 0));
	CALL(msync(p, P, MS_ASYNC));
	CALL(msync(p, P, MS_SYNC));
	CALL(msync(p, P, MS_INVALIDATE));
	CALL(msync(p, P, MS_SYNC | MS_INVALIDATE));
	CALL(msync(p, P, MS_SYNC | MS_ASYNC));
	CALL(msync(p, P, 0x80));
	CALL(msync(p + P / 2, P, 0x80));
	CALL(msync(p + P / 2, P, MS_SYNC | MS_ASYNC));
	CALL(msync(p, 0, MS_SYNC | MS_ASYNC));
	CALL(msync(p, SIZE_MAX, MS_SYNC));
	CALL(msync(p, SIZE_MAX, MS_SYNC | MS_ASYNC));
}
