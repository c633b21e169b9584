/* group: mmap */
/* A file's page is mapped whole, whatever length is asked. */
#include "../harness.h"

static void run(void)
{
	int fd = tagged_file(tmpfs(), 2 * P);
	char *p = rw_area(2 * P), b = 0;

	NEED(mmap(p, P / 4, RW, MAP_SHARED | MAP_FIXED, fd, 0) == p);
	HOLDS(p, 0, P);
	SHOW(p[P]);
	p[P - 1] = 77;
	CALL(pread(fd, &b, 1, P - 1));
	SHOW(b);
	NEED(mmap(p, P + 1, PROT_READ, MAP_PRIVATE | MAP_FIXED, fd, 0) == p);
	HOLDS(p + P, P, P);
}
