/* group: eof */
/* Its twin expects it where the next page starts. */
#include "../harness.h"

static void run(void)
{
	int fd = new_file(tmpfs(), 100);
	char *p = area(4 * P);

	NEED(mmap(p, 4 * P, RW, MAP_SHARED | MAP_FIXED, fd, 0) == p);
	READ(p + 99);
	WRITE(p + P - 1);
	READ(p + P);
	WRITE(p + P + 5);
	WRITE(p + 2 * P + P / 2 + 1);
	READ(p + 4 * P - 1);
}
