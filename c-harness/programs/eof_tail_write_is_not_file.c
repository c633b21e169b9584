/* group: eof */
/* What is stored behind the end does not change the file's size, and is not read
 * back from the file. */
#include "../harness.h"

static void look(const char *where, const char *name)
{
	int fd = tagged_file(where, P / 2);
	char *p = mmap(NULL, P, RW, MAP_SHARED, fd, 0), b[4] = { 9, 9, 9, 9 };

	NEED(p != MAP_FAILED);
	p[P / 2] = 1;
	p[P - 1] = 2;
	struct stat s;
	NEED(fstat(fd, &s) == 0);
	say("%s: size %+ld from half a page", name, (long)s.st_size - P / 2);
	say("%s: pread there: %zd", name, pread(fd, b, 4, P / 2));
	say("%s: in memory: %d %d", name, byte(p + P / 2), byte(p + P - 1));
	HOLDS(p, 0, P / 2);
	NEED(pread(fd, b, 1, P / 2 - 1) == 1);
	say("%s: last byte of the file, as in memory: %d", name, b[0] == p[P / 2 - 1]);
}

static void run(void)
{
	look(tmpfs(), "tmpfs");
	look(disk(), "disk");
}
