/* group: heap; needs: glibc */
/* valloc aligns to a page, pvalloc gives whole pages. */
#include "../harness.h"
#include <malloc.h>

static void run(void)
{
	int bad = 0;

	for (int i = 1; i < 20; i++) {
		char *p = valloc(i * 100), *q = pvalloc(i * 100);
		NEED(p && q);
		bad += (uintptr_t)p % P != 0 || (uintptr_t)q % P != 0 || malloc_usable_size(q) < (size_t)P;
		free(p);
		free(q);
	}
	SHOW(bad);
}
