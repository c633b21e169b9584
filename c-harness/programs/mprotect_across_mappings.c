/* group: mprotect */
/* One call over an anonymous, a private and a shared mapping side by side. */
#include "../harness.h"

static void run(void)
{
	int fd = tagged_file(tmpfs(), 2 * P);
	char *p = rw_area(6 * P);

	NEED(mmap(p + 2 * P, 2 * P, RW, MAP_PRIVATE | MAP_FIXED, fd, 0) == p + 2 * P);
	NEED(mmap(p + 4 * P, 2 * P, RW, MAP_SHARED | MAP_FIXED, fd, 0) == p + 4 * P);
	CALL(mprotect(p + P, 4 * P, PROT_READ));
	PAGES(p, 6);
	CALL(mprotect(p, 6 * P, PROT_NONE));
	PAGES(p, 6);
	CALL(mprotect(p + P, 5 * P, RW));
	PAGES(p, 6);
	HOLDS(p + 2 * P, 0, 2 * P);
	HOLDS(p + 4 * P, 0, 2 * P);
}
