/* group: mmap */
/* With several faults in one call, which one is reported. */
#include "../harness.h"

static void run(void)
{
	int fd = new_file(tmpfs(), 4 * P);
	int read_only = open("/proc/self/exe", O_RDONLY);
	char *p = area(4 * P);

	MAP(mmap(NULL, P, PROT_READ, MAP_SHARED, 999, P / 2));
	MAP(mmap(NULL, P, PROT_READ, MAP_SHARED, 999, 0));
	MAP(mmap(NULL, 0, PROT_READ, MAP_SHARED, 999, 0));
	MAP(mmap(NULL, 0, PROT_READ, MAP_SHARED, fd, 0));
	MAP(mmap(NULL, 0, PROT_READ, MAP_SHARED, fd, P / 2));
	MAP(mmap(NULL, SIZE_MAX, PROT_READ, MAP_SHARED, fd, P / 2));
	MAP(mmap(NULL, SIZE_MAX, PROT_READ, MAP_SHARED, 999, 0));
	MAP(mmap(p + P / 2, SIZE_MAX, RW, ANON | MAP_FIXED, -1, 0));
	MAP(mmap(p + P / 2, 0, RW, ANON | MAP_FIXED, -1, 0));
	MAP(mmap(p + P / 2, P, PROT_READ, MAP_SHARED | MAP_FIXED, 999, 0));
	MAP(mmap(p + P / 2, P, PROT_READ, MAP_FIXED, fd, 0));
	MAP(mmap(p + P / 2, P, RW, MAP_SHARED | MAP_FIXED, read_only, 0));
	MAP(mmap(NULL, P, RW, MAP_SHARED, read_only, 0));
	MAP(mmap(NULL, P, RW, 0, read_only, 0));
	MAP(mmap(p + P / 2, P, RW, ANON | MAP_FIXED_NOREPLACE, -1, 0));
	PAGES(p, 4);
}
