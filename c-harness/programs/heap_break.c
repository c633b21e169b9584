/* group: brk */
/* The program break: any byte can be asked for, whole pages can be touched. */
#include "../harness.h"

static void run(void)
{
	char *start = sbrk(0);

	NEED(start != (void *)-1);
	/* to the next page, so that the rest of this one does not count */
	char *b = start + -(uintptr_t)start % P;
	if (brk(b))
		SKIP("no break here: %s", error_name(errno));
	CALL(brk(b + 1));
	CHECK(sbrk(0) == b + 1);
	PAGES(b, 3);
	b[P - 1] = 7;
	CALL(brk(b + P));
	SHOW(byte(b + P - 1));
	PAGES(b, 3);
	CHECK(sbrk(1) == b + P);
	PAGES(b, 3);
	CALL(brk(b + P / 2));
	SHOW(byte(b + P - 1));
	PAGES(b, 3);
	CALL(brk(b));
	PAGES(b, 3);
	NEED(mmap(b + 2 * P, P, RW, ANON | MAP_FIXED, -1, 0) == b + 2 * P);
	CALL(brk(b + 2 * P + 1));
	PAGES(b, 3);
}
