/* group: madvise */
/* MADV_POPULATE_READ and _WRITE, on kernels that have them. */
#include "../harness.h"
#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ 22
#define MADV_POPULATE_WRITE 23
#endif

static void run(void)
{
	char *p = rw_area(4 * P);

	if (madvise(p, P, MADV_POPULATE_READ) && errno == EINVAL)
		SKIP("no MADV_POPULATE_READ");
	CALL(madvise(p, P + 1, MADV_POPULATE_WRITE));
	CALL(madvise(p + P / 2, P, MADV_POPULATE_WRITE));
	NEED(mprotect(p + 2 * P, P, PROT_READ) == 0);
	CALL(madvise(p + P, P + 1, MADV_POPULATE_WRITE));
	NEED(munmap(p + 3 * P, P) == 0);
	CALL(madvise(p + 2 * P, P + 1, MADV_POPULATE_READ));
	SHOW(byte(p + P));
}
