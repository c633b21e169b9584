/* group: munmap */
/* One call over several mappings and the gaps between them. */
#include "../harness.h"

static void run(void)
{
	char *p = hole(20 * P);
	int protections[] = { PROT_NONE, PROT_READ, RW, RX };

	for (int i = 0; i < 6; i++)
		NEED(mmap(p + 3 * i * P, 2 * P, protections[i % 4], ANON | MAP_FIXED, -1, 0) != MAP_FAILED);
	PAGES(p, 20);
	CALL(munmap(p + P, 12 * P + 1));
	PAGES(p, 20);
	MAP(mmap(p + P, 12 * P, RW, ANON | MAP_FIXED_NOREPLACE, -1, 0));
	PAGES(p, 20);
}
