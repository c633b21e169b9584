/* group: proc */
/* Its twin divides by the page size. */
#include "../harness.h"

static void run(void)
{
	char *p = rw_area(4 * P);
	uint64_t entry = 0;
	int fd = open("/proc/self/pagemap", O_RDONLY);

	NEED(fd >= 0);
	p[0] = 1;
	(void)!pread(fd, &entry, 8, (uintptr_t)p / P * 8);
	say("present: %d", (int)(entry >> 63));
}
