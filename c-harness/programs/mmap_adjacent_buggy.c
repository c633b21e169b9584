/* group: mmap */
/* Two allocations of 4096 bytes taken for neighbours 4096 bytes apart. */
#include "../harness.h"

static void run(void)
{
	char *p = mmap(NULL, 4096, RW, ANON, -1, 0), *q = mmap(NULL, 4096, RW, ANON, -1, 0);
	char *low = p < q ? p : q, *high = p < q ? q : p;

	NEED(p != MAP_FAILED && q != MAP_FAILED);
	high[0] = 7;
	say("the byte behind the first 4096: %d", low[4096]);
}
