/* group: mmap */
/* MAP_FIXED_NOREPLACE is refused when a single page of the range is taken. */
#include "../harness.h"

static char *place;

static void try(const char *what, long from, long length)
{
	errno = 0;
	char *p = mmap(place + from, length, RW, ANON | MAP_FIXED_NOREPLACE, -1, 0);
	if (p == MAP_FAILED)
		say("%s: %s", what, error_name(errno));
	else
		say("%s: mapped, %s", what, p == place + from ? "there" : "ELSEWHERE");
	if (p != MAP_FAILED)
		munmap(p, length);
}

static void run(void)
{
	place = hole(8 * P);
	NEED(mmap(place + 2 * P, 2 * P, PROT_NONE, ANON | MAP_FIXED, -1, 0) != MAP_FAILED);
	try("over all of it", 2 * P, 2 * P);
	try("over its first byte", 2 * P, 1);
	try("over its second page", 3 * P, P);
	try("a byte before its end", 4 * P - P, P);
	try("ending where it starts", P, P);
	try("ending where it starts, one byte long", P, 1);
	try("ending one byte into it", P, P + 1);
	try("ending one byte into it, longer", 0, 2 * P + 1);
	try("starting where it ends", 4 * P, P);
	try("around it", 0, 8 * P);
	try("misaligned, over it", 2 * P + P / 2, P / 2);
	try("misaligned, elsewhere", 5 * P + P / 2, P / 2);
	PAGES(place, 8);
}
