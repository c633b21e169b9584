/* group: mmap */
#include "../harness.h"

static void run(void)
{
	int fd = new_file(tmpfs(), P);
	char *p = rw_area(P);

	MAP(mmap(NULL, 0, RW, ANON, -1, 0));
	MAP(mmap(NULL, 0, PROT_READ, MAP_PRIVATE, fd, 0));
	MAP(mmap(p, 0, RW, ANON | MAP_FIXED, -1, 0));
	MAP(mmap(p, 0, RW, ANON | MAP_FIXED_NOREPLACE, -1, 0));
	PAGES(p, 1);
}
