/* group: eof */
/* MADV_DONTNEED over a last page: a private one is read anew, a shared one is as
 * it was. */
#include "../harness.h"

static void look(const char *where, const char *name)
{
	int fd = tagged_file(where, P / 2);
	char *p = mmap(NULL, P, RW, MAP_PRIVATE, fd, 0), *q = mmap(NULL, P, RW, MAP_SHARED, fd, 0);

	NEED(p != MAP_FAILED && q != MAP_FAILED);
	p[0] = p[P - 1] = 7;
	q[1] = 9;
	NEED(madvise(p, 1, MADV_DONTNEED) == 0);
	say("%s: private %d %d %d", name, byte(p) == tag(0), byte(p + 1), byte(p + P - 1));
	NEED(madvise(q, P, MADV_DONTNEED) == 0);
	say("%s: shared %d %d", name, byte(q) == tag(0), byte(q + 1));
	NEED(madvise(q, P, MADV_WILLNEED) == 0);
	say("%s: %s %s", name, pages(p, 1), pages(q, 1));
}

static void run(void)
{
	look(tmpfs(), "tmpfs");
	look(disk(), "disk");
}
