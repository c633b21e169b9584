/* group: mmap */
/* Each combination of protections that all processors have. */
#include "../harness.h"

static void run(void)
{
	char *p = hole(5 * P);

	MAP(mmap(p, P, PROT_NONE, ANON | MAP_FIXED, -1, 0));
	MAP(mmap(p + P, P, PROT_READ, ANON | MAP_FIXED, -1, 0));
	MAP(mmap(p + 2 * P, P, RW, ANON | MAP_FIXED, -1, 0));
	MAP(mmap(p + 3 * P, P, RX, ANON | MAP_FIXED, -1, 0));
	MAP(mmap(p + 4 * P, P, RW | PROT_EXEC, ANON | MAP_FIXED, -1, 0));
	PAGES(p, 5);
}
