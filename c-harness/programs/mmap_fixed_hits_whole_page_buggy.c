/* group: mmap */
/* 4096 bytes replaced in the belief that the bytes behind them stay. */
#include "../harness.h"

static void run(void)
{
	char *p = rw_area(2 * P);

	memset(p, 7, 2 * P);
	NEED(mmap(p, 4096, RW, ANON | MAP_FIXED, -1, 0) == p);
	say("bytes at 0, 4096, P-1, P: %d %d %d %d", p[0], p[4096], p[P - 1], p[P]);
}
