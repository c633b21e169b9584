/* group: mmap */
/* A free hint is taken, rounded down to a page. */
#include "../harness.h"

static void run(void)
{
	long offsets[] = { 0, 1, P / 16, P / 2, P - 1 };

	for (unsigned i = 0; i < sizeof offsets / sizeof *offsets; i++) {
		char *p = hole(16 * P);
		char *q = mmap(p + 4 * P + offsets[i], P, RW, ANON, -1, 0);
		say("hint %u: at %+ld P and %ld", i, (long)(q - p) / P, (long)(q - p) % P);
		say("hint %u: %s", i, pages(p + 3 * P, 3));
	}
}
