/* group: eof */
/* A mapping that a child is not to get (MADV_DONTFORK) has no tail there either. */
#include "../harness.h"

static char *p;
static void look(void) { PAGES(p, 3); }

static void with(int kind, const char *name)
{
	int fd = tagged_file(tmpfs(), P + P / 4 + 10);

	say("%s", name);
	p = mmap(NULL, 3 * P, RW, kind, fd, 0);
	NEED(p != MAP_FAILED);
	CALL(madvise(p, 3 * P, MADV_DONTFORK));
	in_child(look);
	p[2 * P - 1] = 7;
	in_child(look);
	NEED(ftruncate(fd, 2 * P + P / 2) == 0);
	p[3 * P - 1] = 7;
	in_child(look);
	look();
	CALL(madvise(p, 3 * P, MADV_DOFORK));
	in_child(look);
	NEED(ftruncate(fd, P + 1) == 0);
	in_child(look);
	CALL(madvise(p + P, P, MADV_DONTFORK));
	p[2 * P - 1] = 7;
	in_child(look);
	NEED(munmap(p, 3 * P) == 0);
	close(fd);
}

static void run(void)
{
	with(MAP_SHARED, "shared");
	with(MAP_PRIVATE, "private");
}
