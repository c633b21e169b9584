/* group: eof */
/* What is stored past the end, when truncate(2) moves the end inside the page: forwards,
 * not at all, backwards. */
#include "../harness.h"

static void to(const char *where, const char *name, long size)
{
	int fd = tagged_file(where, P / 4);
	char *p = mmap(NULL, P, RW, MAP_SHARED, fd, 0);

	NEED(p != MAP_FAILED);
	p[P / 2 + 5] = 'a';
	p[P - 5] = 'b';
	NEED(ftruncate(fd, size) == 0);
	say("%s, %ld/16: %d %d", name, size / (P / 16), byte(p + P / 2 + 5), byte(p + P - 5));
	NEED(ftruncate(fd, P) == 0);
	say("  grown: %d %d", byte(p + P / 2 + 5), byte(p + P - 5));
	munmap(p, P);
	close(fd);
}

static void run(void)
{
	for (long sixteenths = 2; sixteenths <= 14; sixteenths += 2) {
		to(tmpfs(), "tmpfs", sixteenths * (P / 16));
		to(disk(), "disk", sixteenths * (P / 16));
	}
}
