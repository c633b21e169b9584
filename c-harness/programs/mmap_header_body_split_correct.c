/* group: file */
/* Its twin maps all of it once, and tells header from body by pointer. */
#include "../harness.h"

static void run(void)
{
	int fd = tagged_file(disk(), 8 * P);
	char *all = mmap(NULL, 8 * P, RW, MAP_SHARED, fd, 0);

	NEED(all != MAP_FAILED);
	char *header = all, *body = all + 4096;
	HOLDS(header, 0, 4096);
	HOLDS(body, 4096, 2 * P);
}
