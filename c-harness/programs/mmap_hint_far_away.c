/* group: mmap */
/* A hint far from everything else is honoured. */
#include "../harness.h"

static void run(void)
{
	uintptr_t far[] = { 1UL << 40, (3UL << 40) + 5 * (uintptr_t)P, 60UL << 40, (90UL << 40) + 4 };

	for (unsigned i = 0; i < sizeof far / sizeof *far; i++) {
		char *hint = (char *)far[i];
		char *p = mmap(hint, 3 * P, RW, ANON, -1, 0);
		NEED(p != MAP_FAILED);
		say("hint %u: %+ld from it, %s", i, (long)(p - hint), pages(p, 3));
		p[2 * P] = 1;
		NEED(munmap(p + P, P) == 0);
		say("hint %u: %s", i, pages(p, 3));
		CALL(mprotect(p + P / 2, P, PROT_READ));
		CALL(munmap(p, 3 * P));
	}
}
