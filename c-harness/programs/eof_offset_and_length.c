/* group: eof */
/* Mappings that start in the middle of a file, end before its end, or start
 * behind it. */
#include "../harness.h"

static void look(const char *where, const char *name)
{
	int fd = tagged_file(where, 2 * P + P / 2);
	char *p = area(8 * P);

	NEED(mmap(p, 1, PROT_READ, MAP_SHARED | MAP_FIXED, fd, 2 * P) == p);
	NEED(mmap(p + 2 * P, 2 * P, RW, MAP_SHARED | MAP_FIXED, fd, P) == p + 2 * P);
	NEED(mmap(p + 4 * P, P, RW, MAP_SHARED | MAP_FIXED, fd, 3 * P) == p + 4 * P);
	NEED(mmap(p + 5 * P, P, RW, MAP_PRIVATE | MAP_FIXED, fd, 2 * P) == p + 5 * P);
	say("%s: %s", name, pages(p, 8));
	HOLDS(p, 2 * P, P / 2);
	SHOW(byte(p + P - 1));
	p[4 * P - 1] = 3;
	SHOW(byte(p + P - 1));
	NEED(ftruncate(fd, 3 * P + 1) == 0);
	say("%s: %s", name, pages(p, 8));
}

static void run(void)
{
	look(tmpfs(), "tmpfs");
	look(disk(), "disk");
}
