/* group: eof */
/* Another file takes the name: the mapping stays with the old one. */
#include "../harness.h"

static void look(const char *where, const char *name)
{
	char path[4096], other[5000];

	snprintf(path, sizeof path, "%s/name.XXXXXX", where);
	int fd = mkstemp(path);
	NEED(fd >= 0 && write(fd, "old", 3) == 3);
	char *p = mmap(NULL, 2 * P, RW, MAP_SHARED, fd, 0);
	NEED(p != MAP_FAILED);
	p[P - 1] = 4;
	snprintf(other, sizeof other, "%s.new", path);
	int next = open(other, O_RDWR | O_CREAT | O_EXCL, 0600);
	NEED(next >= 0 && write(next, "newer", 5) == 5 && rename(other, path) == 0);
	NEED(ftruncate(next, 2 * P) == 0);
	say("%s: %.3s %d %d; %s", name, p, byte(p + 3), byte(p + P - 1), pages(p, 2));
	NEED(ftruncate(fd, P + 1) == 0);
	say("%s: %.3s %d; %s", name, p, byte(p + 3), pages(p, 2));
	unlink(path);
}

static void run(void)
{
	look(tmpfs(), "tmpfs");
	look(disk(), "disk");
}
