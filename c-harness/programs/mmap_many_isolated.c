/* group: heap */
/* Thousands of mappings with gaps between, found again one by one. */
#include "../harness.h"

enum { COUNT = 32000 };

static void run(void)
{
	char *p = hole(2L * COUNT * P);
	long made = 0, alone = 0, gone = 0;

	for (long i = 0; i < COUNT; i++) {
		char *at = p + 2 * i * P;
		made += mmap(at, P, RW, ANON | MAP_FIXED_NOREPLACE | MAP_NORESERVE, -1, 0) == at;
	}
	SHOW(made);
	for (long i = 0; i < COUNT; i += 97)
		alone += state_of(p + 2 * i * P) == 'w' && state_of(p + 2 * i * P + P - 1) == 'w' &&
			 state_of(p + 2 * i * P + P) == '.';
	SHOW(alone);
	CALL(mprotect(p + 40000 * P, 1, PROT_READ));
	PAGES(p + 39998 * P, 6);
	for (long i = 1; i < COUNT; i += 2)
		gone += munmap(p + 2 * i * P, 1) == 0;
	SHOW(gone);
	PAGES(p + 5000 * P, 8);
	CALL(munmap(p, 2L * COUNT * P));
	PAGES(p, 8);
}
