/* group: special */
/* Below a mapping that grows down 256 pages are kept free, unless an address is fixed. */
#include "../harness.h"

static void run(void)
{
	char *stack = mmap(NULL, 4 * P, RW, ANON | MAP_GROWSDOWN, -1, 0);
	NEED(stack != MAP_FAILED);
	char *next = mmap(NULL, P, RW, ANON, -1, 0);
	NEED(next != MAP_FAILED);
	CHECK(next + P <= stack - 256 * P || next > stack);

	/* far from anything else */
	stack = (char *)(5UL << 40) + 512 * P;
	NEED(mmap(stack, 4 * P, RW, ANON | MAP_FIXED | MAP_GROWSDOWN, -1, 0) == stack);
	SHOW(mmap(stack - P, P, RW, ANON, -1, 0) == stack - P);
	SHOW(mmap(stack - 256 * P, P, RW, ANON, -1, 0) == stack - 256 * P);
	SHOW(mmap(stack - 257 * P, P, RW, ANON, -1, 0) == stack - 257 * P);
	SHOW(mmap(stack - 300 * P, 43 * P, RW, ANON, -1, 0) == stack - 300 * P);
	SHOW(mmap(stack - 310 * P, 100 * P, RW, ANON, -1, 0) == stack - 310 * P);
	SHOW(mmap(stack + 4 * P, P, RW, ANON, -1, 0) == stack + 4 * P);
	SHOW(mmap(stack - 20 * P, P, RW, ANON | MAP_FIXED_NOREPLACE, -1, 0) == stack - 20 * P);
	SHOW(mmap(stack - 10 * P, P, RW, ANON | MAP_FIXED, -1, 0) == stack - 10 * P);
	/* with the gap free it grows */
	NEED(munmap(stack - 310 * P, 310 * P) == 0);
	for (int i = 1; i <= 8; i++)
		WRITE(stack - i * P);
	PAGES(stack - 9 * P, 13);
	/* a grown stack keeps its gap from where it begins now */
	SHOW(mmap(stack - 260 * P, P, RW, ANON, -1, 0) == stack - 260 * P);
	/* and no more when what grows is gone */
	NEED(munmap(stack - 10 * P, 14 * P) == 0);
	SHOW(mmap(stack - P, P, RW, ANON, -1, 0) == stack - P);
}
