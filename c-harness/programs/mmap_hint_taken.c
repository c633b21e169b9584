/* group: mmap */
/* A hint whose range is taken, wholly or in part, gives another place. */
#include "../harness.h"

static char *p;

static void try(const char *what, long at, long length)
{
	char *q = mmap(p + at, length, RW, ANON, -1, 0);

	NEED(q != MAP_FAILED);
	say("%s: %s, %s", what, q == p + at ? "there" : "elsewhere", (uintptr_t)q % P ? "MISALIGNED" : "aligned");
	say("%s: %s", what, pages(q, (length + P - 1) / P));
	munmap(q, length);
}

static void run(void)
{
	p = area(16 * P);
	NEED(munmap(p + 4 * P, 4 * P) == 0);
	fill(rw_area(P), P);
	try("free", 4 * P, 4 * P);
	try("taken", 2 * P, P);
	try("one byte too long", 4 * P, 4 * P + 1);
	try("starts one page too early", 3 * P, 2 * P);
	try("last page", 7 * P, P);
	try("last page and one byte", 7 * P, P + 1);
	PAGES(p + 3 * P, 6);
}
