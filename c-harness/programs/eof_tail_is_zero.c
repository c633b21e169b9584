/* group: eof */
/* Behind the end of a file, in its last page, there are zeros (autoconf's probe,
 * LLVM's terminating null). */
#include "../harness.h"

static long nonzero(char *p, long n)
{
	long count = 0;

	for (long i = 0; i < n; i++)
		count += p[i] != 0;
	return count;
}

static void look(const char *where, const char *name, int flags)
{
	long n = P + P / 4 + 3;
	int fd = tagged_file(where, n);
	char *p = mmap(NULL, n, PROT_READ, flags, fd, 0);

	NEED(p != MAP_FAILED);
	HOLDS(p, 0, n);
	say("%s: not zero behind the end: %ld", name, nonzero(p + n, 2 * P - n));
}

static void run(void)
{
	look(tmpfs(), "tmpfs shared", MAP_SHARED);
	look(tmpfs(), "tmpfs private", MAP_PRIVATE);
	look(disk(), "disk shared", MAP_SHARED);
	look(disk(), "disk private", MAP_PRIVATE);
}
