/* group: eof */
/* What configure scripts ask of mmap (AC_FUNC_MMAP, shortened). */
#include "../harness.h"

static void run(void)
{
	long n = P;
	char *data = malloc(n), *old = malloc(n), b;
	int fd = new_file(disk(), 0), small = new_file(disk(), 0);

	NEED(data && old);
	for (long i = 0; i < n; i++)
		data[i] = (char)(i * 7 + 1);
	NEED(write(fd, data, n) == n);
	NEED(write(small, "x", 1) == 1);
	/* private fixed over memory from the heap's neighbourhood */
	char *p = mmap(NULL, 2 * n, RW, ANON, -1, 0);
	NEED(p != MAP_FAILED);
	MAP(mmap(p, n, RW, MAP_PRIVATE | MAP_FIXED, fd, 0));
	CHECK(memcmp(p, data, n) == 0);
	for (long i = 0; i < n; i++)
		p[i]++;
	NEED(pread(fd, old, n, 0) == n);
	CHECK(memcmp(old, data, n) == 0);
	MAP(mmap(p + n, n, RW, MAP_PRIVATE | MAP_FIXED, small, 0));
	b = p[n];
	CHECK(b == 'x');
	long bad = 0;
	for (long i = 1; i < n; i++)
		bad += p[n + i] != 0;
	SHOW(bad);
}
