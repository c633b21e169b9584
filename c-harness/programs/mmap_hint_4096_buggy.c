/* group: mmap */
/* A hint at a multiple of 4096, and the belief that it is honoured exactly. */
#include "../harness.h"

static void run(void)
{
	char *p = hole(16 * P);
	char *want = p + 4 * P + 4096;
	char *q = mmap(want, P, RW, ANON, -1, 0);

	say("got it: %s", q == want ? "yes" : "no");
	say("aligned: %s", (uintptr_t)q % P ? "NO" : "yes");
	say("from the hint: %+ld", (long)(q - want));
}
