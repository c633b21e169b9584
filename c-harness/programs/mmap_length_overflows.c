/* group: mmap */
/* A length that does not fit, or only not after rounding. */
#include "../harness.h"

static void run(void)
{
	int fd = new_file(tmpfs(), P);
	char *p = rw_area(2 * P);

	MAP(mmap(NULL, SIZE_MAX, RW, ANON, -1, 0));
	MAP(mmap(NULL, SIZE_MAX - P / 2, RW, ANON, -1, 0));
	MAP(mmap(NULL, SIZE_MAX - P + 1, RW, ANON, -1, 0));
	MAP(mmap(NULL, SIZE_MAX - P, RW, ANON | MAP_NORESERVE, -1, 0));
	MAP(mmap(NULL, SIZE_MAX / 2, RW, ANON | MAP_NORESERVE, -1, 0));
	MAP(mmap(NULL, SIZE_MAX, PROT_READ, MAP_SHARED, fd, 0));
	MAP(mmap(p, SIZE_MAX, RW, ANON | MAP_FIXED, -1, 0));
	MAP(mmap(p, SIZE_MAX / 2, RW, ANON | MAP_FIXED, -1, 0));
	MAP(mmap(NULL, 2 * P, PROT_READ, MAP_SHARED, fd, (off_t)(INT64_MAX / P * P)));
	PAGES(p, 2);
}
