/* group: eof */
/* A server resizes its pool and expects a fault 4096 bytes past the end (mir). */
#include "../harness.h"

static void run(void)
{
	int fd = new_file(tmpfs(), 100);
	char *p = area(4 * P);

	NEED(mmap(p, 4 * P, RW, MAP_SHARED | MAP_FIXED, fd, 0) == p);
	READ(p + 4096);
	READ(p + 2 * 4096);
	WRITE(p + 2 * 4096);
}
