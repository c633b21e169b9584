/* group: file */
/* A fixed mapping that is refused leaves what was there. */
#include "../harness.h"

static void run(void)
{
	int ends[2], fd = new_file(tmpfs(), P), null = open("/dev/null", O_RDWR);
	char *p = rw_area(4 * P);

	NEED(pipe(ends) == 0 && null >= 0);
	fill(p, 4 * P);
	MAP(mmap(p, P, RW, MAP_SHARED | MAP_FIXED, 999, 0));
	MAP(mmap(p, P, RW, MAP_SHARED | MAP_FIXED, fd, P / 2));
	MAP(mmap(p + P / 2, P, RW, MAP_SHARED | MAP_FIXED, fd, 0));
	MAP(mmap(p, SIZE_MAX, RW, MAP_SHARED | MAP_FIXED, fd, 0));
	MAP(mmap(p, P, RW, MAP_FIXED, fd, 0));
	HOLDS(p, 0, 4 * P);
	PAGES(p, 4);
	/* the file itself refuses */
	MAP(mmap(NULL, P, PROT_READ, MAP_SHARED, ends[0], 0));
	PAGES(p, 4);
}
