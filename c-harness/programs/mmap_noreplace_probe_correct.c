/* group: mmap */
/* Its twin steps by pages. */
#include "../harness.h"

static void run(void)
{
	char *p = hole(8 * P);
	int tries = 0;

	NEED(mmap(p, 2 * P, PROT_NONE, ANON | MAP_FIXED, -1, 0) == p);
	for (char *at = p; tries < 100; at += P) {
		char *q = mmap(at, P, RW, ANON | MAP_FIXED_NOREPLACE, -1, 0);
		tries++;
		if (q == at)
			break;
		NEED(errno == EEXIST);
	}
	SHOW(tries);
	PAGES(p, 8);
}
