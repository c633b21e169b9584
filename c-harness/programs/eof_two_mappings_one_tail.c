/* group: eof */
/* Two shared mappings of the last page see each other's bytes behind the end; a
 * private one that was written does not. */
#include "../harness.h"

static void look(const char *where, const char *name)
{
	int fd = tagged_file(where, P + P / 4);
	char *p = mmap(NULL, 2 * P, RW, MAP_SHARED, fd, 0), *q = mmap(NULL, P, RW, MAP_SHARED, fd, P);
	char *r = mmap(NULL, 2 * P, RW, MAP_PRIVATE, fd, 0);

	NEED(p != MAP_FAILED && q != MAP_FAILED && r != MAP_FAILED);
	p[2 * P - 1] = 1;
	q[P / 2] = 2;
	say("%s: %d %d", name, byte(q + P - 1), byte(p + P + P / 2));
	say("%s: private, not written: %d", name, byte(r + 2 * P - 1));
	r[2 * P - 2] = 3;
	p[2 * P - 3] = 4;
	say("%s: private, written: %d, shared: %d", name, byte(r + 2 * P - 2), byte(p + 2 * P - 2));
	say("%s: private afterwards: %d", name, byte(r + 2 * P - 3));
}

static void run(void)
{
	look(tmpfs(), "tmpfs");
	look(disk(), "disk");
}
