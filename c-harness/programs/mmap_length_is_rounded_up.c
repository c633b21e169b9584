/* group: mmap */
/* Memory comes in whole pages: one byte asked, one page had. */
#include "../harness.h"

static void run(void)
{
	long lengths[] = { 1, P / 16, P / 2, P - 1, P, P + 1, 2 * P - 1, 2 * P };

	for (unsigned i = 0; i < sizeof lengths / sizeof *lengths; i++) {
		char *p = hole(4 * P);
		NEED(mmap(p, lengths[i], RW, ANON | MAP_FIXED, -1, 0) == p);
		say("length %u: %s", i, pages(p, 4));
		munmap(p, 4 * P);
	}
	char *p = hole(4 * P);
	NEED(mmap(p, 4096, RW, ANON | MAP_FIXED, -1, 0) == p);
	SHOW(extent(p, 4 * P, WRITE_ACCESS));
}
