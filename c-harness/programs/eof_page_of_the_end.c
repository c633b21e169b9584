/* group: eof */
/* A file can be touched to the end of the page in which it ends; from the next
 * page on there is SIGBUS. */
#include "../harness.h"

static void look(const char *where, const char *name)
{
	long sizes[] = { 0, 1, P / 4 - 1, P / 2, P - 1, P, P + 1, 2 * P + P / 16, 3 * P };

	for (unsigned i = 0; i < sizeof sizes / sizeof *sizes; i++)
		for (int private = 0; private < 2; private++) {
			int fd = new_file(where, sizes[i]);
			char *p = area(6 * P);
			int flags = private ? MAP_PRIVATE : MAP_SHARED;
			NEED(mmap(p, 4 * P, RW, flags | MAP_FIXED, fd, 0) == p);
			say("%s, size %u, %s: %s", name, i, private ? "private" : "shared", pages(p, 6));
			close(fd);
		}
}

static void run(void)
{
	look(tmpfs(), "tmpfs");
	look(disk(), "disk");
}
