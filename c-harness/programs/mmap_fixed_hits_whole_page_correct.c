/* group: mmap */
/* Its twin replaces whole pages, and keeps what it wants kept elsewhere. */
#include "../harness.h"

static void run(void)
{
	char *p = rw_area(2 * P);

	memset(p, 7, 2 * P);
	NEED(mmap(p, P, RW, ANON | MAP_FIXED, -1, 0) == p);
	say("bytes at 0, P-1, P, 2P-1: %d %d %d %d", p[0], p[P - 1], p[P], p[2 * P - 1]);
}
