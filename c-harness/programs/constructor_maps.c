/* group: startup */
/* Constructors map, protect and unmap before main. */
#include "../harness.h"

static char *early;
static int results[4];

__attribute__((constructor(101))) static void first(void)
{
	long size = sysconf(_SC_PAGESIZE);

	early = mmap(NULL, 4 * size, RW, ANON, -1, 0);
	results[0] = early != MAP_FAILED && (uintptr_t)early % size == 0;
	results[1] = mmap(NULL, size, RW, ANON, -1, size / 2) == MAP_FAILED;
}

__attribute__((constructor(102))) static void second(void)
{
	long size = sysconf(_SC_PAGESIZE);

	results[2] = munmap(early + size, 1) == 0;
	results[3] = mprotect(early + 2 * size, 1, PROT_READ) == 0;
}

static void run(void)
{
	say("%d %d %d %d", results[0], results[1], results[2], results[3]);
	PAGES(early, 4);
	CALL(munmap(early, 4 * P));
}
