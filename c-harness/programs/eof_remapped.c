/* group: eof */
/* mremap moves and grows a mapping whose file ends in it. */
#include "../harness.h"

static void look(const char *where, const char *name)
{
	int fd = tagged_file(where, P + P / 2);
	char *p = area(8 * P);

	NEED(mmap(p, 2 * P, RW, MAP_SHARED | MAP_FIXED, fd, 0) == p);
	p[2 * P - 1] = 8;
	char *q = mremap(p, 2 * P, 3 * P, MREMAP_MAYMOVE);
	NEED(q != MAP_FAILED);
	say("%s: %s, %d", name, pages(q, 3), byte(q + 2 * P - 1));
	HOLDS(q, 0, P + P / 2);
	NEED(pwrite(fd, "x", 1, 2 * P) == 1);
	say("%s: %s, %d", name, pages(q, 3), byte(q + 2 * P));
	char *r = mremap(q, 3 * P, P, 0);
	NEED(r == q);
	HOLDS(r, 0, P);
}

static void run(void)
{
	look(tmpfs(), "tmpfs");
	look(disk(), "disk");
}
