/* group: munmap */
/* An allocator maps more than it needs, aligns to 4096 and trims both ends. */
#include "../harness.h"

static void run(void)
{
	char *p = rw_area(4 * P);
	char *user = p + 4096;
	long length = 2 * P;

	CALL(munmap(p, user - p));
	CALL(munmap(user + length, p + 4 * P - (user + length)));
	READ(user);
	READ(user + length - 1);
}
