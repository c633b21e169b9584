/* group: munmap */
/* Length 0, and lengths that do not fit. */
#include "../harness.h"

static void run(void)
{
	char *p = rw_area(4 * P);

	CALL(munmap(p, 0));
	CALL(munmap(p, SIZE_MAX));
	CALL(munmap(p, SIZE_MAX - P));
	CALL(munmap(p, -(size_t)P));
	CALL(munmap(p, SIZE_MAX / 2));
	PAGES(p, 4);
}
