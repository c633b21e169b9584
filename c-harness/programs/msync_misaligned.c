/* group: msync */
/* The start must be a multiple of P, also with length 0. */
#include "../harness.h"

static void run(void)
{
	int fd = tagged_file(disk(), 4 * P);
	char *p = mmap(NULL, 4 * P, RW, MAP_SHARED, fd, 0);

	NEED(p != MAP_FAILED);
	CALL(msync(p + 1, P, MS_SYNC));
	CALL(msync(p + P / 2, P / 2, MS_ASYNC));
	CALL(msync(p + P / 2, 0, MS_SYNC));
	CALL(msync(p + P, 1, MS_SYNC));
	CALL(msync(p, 0, MS_SYNC));
	CALL(msync(p + 4096, 4096, MS_SYNC));
}
