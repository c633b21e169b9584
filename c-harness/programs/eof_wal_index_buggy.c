/* group: eof */
/* The same with one mapping a region, whatever the page size. */
#include "../harness.h"

static void run(void)
{
	enum { REGION = 32768 };
	int fd = new_file(disk(), 0);
	long failed = 0;

	for (long i = 0; i < 4; i++) {
		NEED(ftruncate(fd, (i + 1) * REGION) == 0);
		failed += mmap(NULL, REGION, RW, MAP_SHARED, fd, i * REGION) == MAP_FAILED;
	}
	SHOW(failed);
}
