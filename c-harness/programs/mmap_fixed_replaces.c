/* group: mmap */
/* MAP_FIXED takes the place of what was there, and only of that. */
#include "../harness.h"

static void run(void)
{
	char *p = rw_area(6 * P);

	fill(p, 6 * P);
	MAP(mmap(p + P, 2 * P, RW, ANON | MAP_FIXED, -1, 0));
	say("bytes: %d %d %d %d", byte(p + P - 1) != 0, byte(p + P), byte(p + 3 * P - 1), byte(p + 3 * P) != 0);
	MAP(mmap(p + 2 * P, 2 * P, PROT_READ, ANON | MAP_FIXED, -1, 0));
	MAP(mmap(p + 4 * P, P, PROT_NONE, ANON | MAP_FIXED, -1, 0));
	PAGES(p, 6);
	HOLDS(p, 0, P);
	HOLDS(p + 5 * P, 5 * P, P);
}
