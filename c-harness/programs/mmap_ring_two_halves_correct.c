/* group: file */
/* Its twin has halves of whole pages. */
#include "../harness.h"

static void run(void)
{
	int fd = new_file(tmpfs(), 2 * P);
	char *to = mmap(NULL, P, RW, MAP_SHARED, fd, 0), *from = mmap(NULL, P, RW, MAP_SHARED, fd, P);
	char *all = mmap(NULL, 2 * P, PROT_READ, MAP_SHARED, fd, 0);

	NEED(to != MAP_FAILED && from != MAP_FAILED && all != MAP_FAILED);
	to[0] = 1;
	from[0] = 2;
	say("%d %d", all[0], all[P]);
}
