/* group: munmap */
/* The middle of a mapping goes, both ends keep protection and content. */
#include "../harness.h"

static void run(void)
{
	int fd = tagged_file(tmpfs(), 6 * P);
	char *p = area(12 * P);

	NEED(mmap(p, 6 * P, RW, MAP_SHARED | MAP_FIXED, fd, 0) == p);
	NEED(mmap(p + 6 * P, 6 * P, PROT_READ, MAP_PRIVATE | MAP_FIXED, fd, 0) == p + 6 * P);
	CALL(munmap(p + 2 * P, 2 * P));
	CALL(munmap(p + 8 * P, 1));
	PAGES(p, 12);
	HOLDS(p, 0, 2 * P);
	HOLDS(p + 4 * P, 4 * P, 2 * P);
	HOLDS(p + 9 * P, 3 * P, 3 * P);
	CALL(mprotect(p + 4 * P, P, PROT_READ));
	CALL(munmap(p + 5 * P, 2 * P));
	PAGES(p, 12);
	HOLDS(p + 4 * P, 4 * P, P);
	HOLDS(p + 7 * P, P, P);
}
