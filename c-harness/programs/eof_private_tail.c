/* group: eof */
/* A private copy of the last page keeps what was stored behind the end, whatever
 * becomes of the file. */
#include "../harness.h"

static void look(const char *where, const char *name)
{
	int fd = tagged_file(where, P / 2);
	char *p = mmap(NULL, 2 * P, RW, MAP_PRIVATE, fd, 0);

	NEED(p != MAP_FAILED);
	p[P - 1] = 11;
	NEED(pwrite(fd, "abc", 3, P - 3) == 3);
	say("%s: %d; %s", name, byte(p + P - 1), pages(p, 2));
	NEED(ftruncate(fd, P + 1) == 0);
	say("%s: %d; %s", name, byte(p + P - 1), pages(p, 2));
	HOLDS(p, 0, P / 2);
}

static void run(void)
{
	look(tmpfs(), "tmpfs");
	look(disk(), "disk");
}
