/* group: proc */
/* pagemap has eight bytes for each page, found by address / P. */
#include "../harness.h"

static void run(void)
{
	char *p = rw_area(4 * P);
	uint64_t entry[4] = { 0 };
	int fd = open("/proc/self/pagemap", O_RDONLY);

	NEED(fd >= 0);
	madvise(p, 4 * P, MADV_NOHUGEPAGE);
	p[P + P / 2] = p[3 * P] = 1;
	SHOW(pread(fd, entry, sizeof entry, (uintptr_t)p / P * 8));
	say("present: %d %d %d %d", (int)(entry[0] >> 63), (int)(entry[1] >> 63), (int)(entry[2] >> 63), (int)(entry[3] >> 63));
	CALL(pread(fd, entry, 8, (uintptr_t)p / P * 8 + 4));
	CALL(pread(fd, entry, 7, (uintptr_t)p / P * 8));
}
