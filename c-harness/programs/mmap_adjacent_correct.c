/* group: mmap */
/* Its twin takes one mapping and divides it. */
#include "../harness.h"

static void run(void)
{
	char *low = mmap(NULL, 2 * 4096, RW, ANON, -1, 0), *high = low + 4096;

	NEED(low != MAP_FAILED);
	high[0] = 7;
	say("the byte behind the first 4096: %d", low[4096]);
}
