/* group: eof */
/* A hole punched in the last page, and one over the end. */
#include "../harness.h"

static void look(const char *where, const char *name)
{
	int fd = tagged_file(where, P + P / 2);
	char *p = mmap(NULL, 3 * P, RW, MAP_SHARED, fd, 0);

	NEED(p != MAP_FAILED);
	NEED(byte(p + 2 * P - 1) == 0);
	NEED(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, P + P / 4, P / 8) == 0);
	say("%s: %d %d %d; %s", name, byte(p + P + P / 4 - 1) == tag(P + P / 4 - 1), byte(p + P + P / 4),
	    byte(p + P + P / 4 + P / 8) == tag(P + P / 4 + P / 8), pages(p, 3));
	p[2 * P - 1] = 6;
	NEED(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, P, P) == 0);
	say("%s: %d %d; %s", name, byte(p + P), byte(p + P + P / 2 - 1), pages(p, 3));
}

static void run(void)
{
	look(tmpfs(), "tmpfs");
	look(disk(), "disk");
}
