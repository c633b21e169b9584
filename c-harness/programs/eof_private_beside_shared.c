/* group: eof */
/* A private mapping of a page in which another mapping has stored past the end: it shows
 * the file that grows over that, unless it was written itself. */
#include "../harness.h"

static void look(const char *where, const char *name, int written)
{
	int fd = tagged_file(where, P / 4);
	char *p = mmap(NULL, P, RW, MAP_SHARED, fd, 0), *q = mmap(NULL, P, RW, MAP_PRIVATE, fd, 0);

	NEED(p != MAP_FAILED && q != MAP_FAILED);
	p[P / 2 + 5] = 'a';
	p[P - 5] = 'b';
	say("%s: %d %d", name, byte(q + P / 2 + 5), byte(q + P - 5));
	if (written)
		q[P - 9] = 'q';
	NEED(pwrite(fd, "ccc", 3, P / 2 + 4) == 3);
	say("  grown: %d %d %d", byte(q + P / 2 + 5), byte(q + P - 5), byte(q + P - 9));
	NEED(pwrite(fd, "ddd", 3, P - 6) == 3);
	say("  grown: %d %d %d", byte(q + P / 2 + 5), byte(q + P - 5), byte(q + P - 9));
	munmap(p, P);
	munmap(q, P);
	close(fd);
}

static void run(void)
{
	look(tmpfs(), "tmpfs", 0);
	look(tmpfs(), "tmpfs, written", 1);
	look(disk(), "disk", 0);
	look(disk(), "disk, written", 1);
}
