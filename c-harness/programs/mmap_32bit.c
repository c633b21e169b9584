/* group: mmap */
/* MAP_32BIT, on the machines that have it: below 2 GiB, on a page. */
#include "../harness.h"

static void run(void)
{
	int bad = 0;
#ifdef MAP_32BIT
	for (int i = 0; i < 20; i++) {
		char *p = mmap(NULL, P + 1, RW, ANON | MAP_32BIT, -1, 0);
		bad += p == MAP_FAILED || (uintptr_t)p % P || (uintptr_t)p + 2 * P > 1UL << 31;
		if (p == MAP_FAILED)
			continue;
		p[2 * P - 1] = 1;
		bad += strcmp(pages(p, 2), "ww") != 0;
		bad += munmap(p + P / 2, P) != -1;
		if (i % 2)
			bad += munmap(p, P + 1) != 0 || strcmp(pages(p, 2), "..") != 0;
	}
#endif
	SHOW(bad);
}
