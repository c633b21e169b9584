/* group: madvise */
/* madvise, mincore, mremap and mlock through syscall(2). */
#include "../harness.h"

static void run(void)
{
	char *p = rw_area(4 * P);
	unsigned char vector[4] = { 9, 9, 9, 9 };

	memset(p, 7, 2 * P);
	CALL(syscall(SYS_madvise, p + P / 2, P, MADV_DONTNEED));
	CALL(syscall(SYS_madvise, p, 1, MADV_DONTNEED));
	SHOW(byte(p + P - 1));
	CALL(syscall(SYS_mincore, p + P / 2, P, vector));
	CALL(syscall(SYS_mincore, p + P, P + 1, vector));
	say("%d %d %d", vector[0] & 1, vector[1] & 1, vector[2]);
	MAP(syscall(SYS_mremap, p + P / 2, P, 2 * P, MREMAP_MAYMOVE, 0));
	MAP(syscall(SYS_mremap, p, 2 * P, 3 * P, MREMAP_MAYMOVE, 0));
	PAGES(p, 4);
	CALL(syscall(SYS_munlock, p + 2 * P + 5, 1));
}
