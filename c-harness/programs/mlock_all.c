/* group: mlock */
/* mlockall, and what is mapped after it. */
#include "../harness.h"

static void run(void)
{
	if (getuid() != 0)
		SKIP("needs root");
	CALL(mlockall(MCL_CURRENT | MCL_FUTURE));
	char *p = mmap(NULL, 2 * P + 1, RW, ANON, -1, 0);
	unsigned char v[4] = { 9, 9, 9, 9 };
	NEED(p != MAP_FAILED);
	CALL(mincore(p, 3 * P, v));
	say("%d %d %d %d", v[0] & 1, v[1] & 1, v[2] & 1, v[3]);
	CALL(munmap(p + P, 1));
	CALL(munlockall());
	CALL(mlockall(0x100));
	PAGES(p, 3);
}
