/* group: file */
/* The mapping of a file lives on when its descriptor is closed. */
#include "../harness.h"

static void run(void)
{
	int fd = tagged_file(disk(), 2 * P);
	char *p = mmap(NULL, 2 * P, RW, MAP_SHARED, fd, 0);

	NEED(p != MAP_FAILED);
	CALL(close(fd));
	HOLDS(p, 0, 2 * P);
	CALL(mprotect(p, P, PROT_READ));
	CALL(msync(p, 2 * P, MS_SYNC));
	PAGES(p, 2);
}
