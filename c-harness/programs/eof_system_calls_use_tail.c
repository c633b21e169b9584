/* group: eof */
/* The kernel, too, can read and write a tail: no EFAULT before the page ends. */
#include "../harness.h"
#include <sys/uio.h>

static void look(const char *where, const char *name)
{
	int fd = tagged_file(where, 100), ends[2], other = new_file(tmpfs(), 0);
	char *p = area(4 * P), *q;

	NEED(mmap(p, 2 * P, RW, MAP_SHARED | MAP_FIXED, fd, 0) == p && pipe2(ends, O_NONBLOCK) == 0);
	say("%s: write from the tail: %zd", name, write(ends[1], p + P - 50, 50));
	say("%s: read into it: %zd", name, read(ends[0], p + P / 2, 40));
	say("%s: write over its end: %zd", name, write(other, p + P - 50, 100));
	ssize_t n = write(other, p + P, 1);
	say("%s: write behind it: %zd %s", name, n, error_name(errno));
	struct iovec v[2] = { { p + 90, 20 }, { p + P / 2, 30 } };
	say("%s: writev: %zd", name, writev(ends[1], v, 2));
	say("%s: readv: %zd", name, readv(ends[0], v, 2));
	strcpy(p + P - 20, "/nothing/there");
	n = open(p + P - 20, O_RDONLY);
	say("%s: a path in it: %zd %s", name, n, error_name(errno));
	q = p + P - sizeof(struct stat) - 8;
	say("%s: stat into it: %d", name, stat("/", (struct stat *)(q - (uintptr_t)q % 8)));
	say("%s: pread from another file: %zd", name, pread(other, p + P - 30, 30, 0));
}

static void run(void)
{
	look(tmpfs(), "tmpfs");
	look(disk(), "disk");
}
