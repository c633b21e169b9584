/* group: file */
/* A ring of 4096 bytes, mapped twice in a row so that reads may run over its end. */
#include "../harness.h"

static void run(void)
{
	int fd = new_file(tmpfs(), 4096);
	char *p = area(4 * P);

	MAP(mmap(p, 4096, RW, MAP_SHARED | MAP_FIXED, fd, 0));
	MAP(mmap(p + 4096, 4096, RW, MAP_SHARED | MAP_FIXED, fd, 0));
	p[0] = 42;
	say("mirrored at 4096: %s", byte(p + 4096) == 42 ? "yes" : "no");
}
