/* group: eof */
/* Bytes stored behind the end, and then the file grows over them. */
#include "../harness.h"

static void grow(const char *where, const char *name, int how)
{
	int fd = tagged_file(where, P / 2);
	char *p = mmap(NULL, 2 * P, RW, MAP_SHARED, fd, 0), b = 99;

	NEED(p != MAP_FAILED);
	p[P / 2 + 10] = 5;
	if (how == 0)
		NEED(ftruncate(fd, P) == 0);
	else if (how == 1)
		NEED(pwrite(fd, "x", 1, P - 1) == 1);
	else
		NEED(ftruncate(fd, 2 * P) == 0);
	NEED(pread(fd, &b, 1, P / 2 + 10) == 1);
	say("%s, way %d: by pread %d, in memory %d", name, how, b, byte(p + P / 2 + 10));
	p[P / 2 + 11] = 6;
	NEED(pread(fd, &b, 1, P / 2 + 11) == 1);
	say("%s, way %d: stored after: %d; %s", name, how, b, pages(p, 2));
}

static void run(void)
{
	for (int how = 0; how < 3; how++) {
		grow(tmpfs(), "tmpfs", how);
		grow(disk(), "disk", how);
	}
}
