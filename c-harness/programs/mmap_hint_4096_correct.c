/* group: mmap */
/* Its twin asks at a multiple of the page size, and looks where it came to. */
#include "../harness.h"

static void run(void)
{
	char *p = hole(16 * P);
	char *want = p + 4 * P;
	char *q = mmap(want, P, RW, ANON, -1, 0);

	say("got it: %s", q == want ? "yes" : "no");
	q = mmap(want, P, RW, ANON, -1, 0);
	say("again, where something is now: %s", q == want ? "yes" : "no");
	CHECK((uintptr_t)q % P == 0);
}
