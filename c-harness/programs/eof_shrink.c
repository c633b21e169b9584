/* group: eof */
/* A file cut while it is mapped: zeros behind its end, SIGBUS behind its page. */
#include "../harness.h"

static void cut(const char *where, const char *name)
{
	int fd = tagged_file(where, 3 * P);
	char *p = area(4 * P);

	NEED(mmap(p, 3 * P, RW, MAP_SHARED | MAP_FIXED, fd, 0) == p);
	HOLDS(p, 0, 3 * P);
	NEED(ftruncate(fd, P + P / 2) == 0);
	say("%s: %s; %d %d %d", name, pages(p, 4), byte(p + P + P / 2 - 1) == tag(P + P / 2 - 1),
	    byte(p + P + P / 2), byte(p + 2 * P - 1));
	NEED(ftruncate(fd, 3 * P) == 0);
	say("%s: %s; %d %d %d", name, pages(p, 4), byte(p + P + P / 2 - 1) == tag(P + P / 2 - 1),
	    byte(p + P + P / 2), byte(p + 3 * P - 1));
	p[2 * P + 1] = 7;
	NEED(ftruncate(fd, 1) == 0);
	say("%s: %s; %d %d", name, pages(p, 4), byte(p) == tag(0), byte(p + 1));
	NEED(ftruncate(fd, 0) == 0);
	say("%s: %s", name, pages(p, 4));
	NEED(ftruncate(fd, P) == 0);
	say("%s: %s; %d", name, pages(p, 4), byte(p));
}

static void run(void)
{
	cut(tmpfs(), "tmpfs");
	cut(disk(), "disk");
}
