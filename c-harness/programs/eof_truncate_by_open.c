/* group: eof */
/* O_TRUNC and truncate(2) on a file that is mapped. */
#include "../harness.h"

static void look(const char *where, const char *name)
{
	char path[4096];

	snprintf(path, sizeof path, "%s/trunc.XXXXXX", where);
	int fd = mkstemp(path);
	NEED(fd >= 0 && ftruncate(fd, P / 2) == 0);
	char *p = mmap(NULL, 2 * P, RW, MAP_SHARED, fd, 0);
	NEED(p != MAP_FAILED);
	p[0] = p[P - 1] = 1;
	int again = open(path, O_WRONLY | O_TRUNC);
	NEED(again >= 0);
	say("%s: %s", name, pages(p, 2));
	NEED(write(again, "new", 3) == 3);
	say("%s: %s, %.3s, %d", name, pages(p, 2), p, byte(p + P - 1));
	NEED(truncate(path, P + 1) == 0);
	say("%s: %s", name, pages(p, 2));
	NEED(truncate(path, 1) == 0);
	say("%s: %s, %d %d", name, pages(p, 2), byte(p), byte(p + 1));
	unlink(path);
}

static void run(void)
{
	look(tmpfs(), "tmpfs");
	look(disk(), "disk");
}
