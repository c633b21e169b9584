/* group: mmap */
/* The first free place is looked for in steps of 4096 bytes, and what is not
 * EEXIST is taken for the end. */
#include "../harness.h"

static void run(void)
{
	char *p = hole(8 * P);
	int tries = 0;

	NEED(mmap(p, 2 * P, PROT_NONE, ANON | MAP_FIXED, -1, 0) == p);
	for (char *at = p; tries < 100; at += 4096) {
		char *q = mmap(at, P, RW, ANON | MAP_FIXED_NOREPLACE, -1, 0);
		tries++;
		if (q == at)
			break;
		if (errno != EEXIST) {
			say("gives up with %s", error_name(errno));
			break;
		}
	}
	SHOW(tries);
}
