/* group: eof */
/* Parent and child have the same tail of a shared mapping, and see each other
 * grow the file. */
#include "../harness.h"

static char *p;
static int fd;

static void writes_tail(void)
{
	say("child sees %d", byte(p + P - 1));
	p[P - 2] = 2;
}

static void grows(void)
{
	NEED(pwrite(fd, "ghi", 3, P - 3) == 3);
	NEED(ftruncate(fd, P + 10) == 0);
	say("child: %s, %c", pages(p, 3), byte(p + P - 1));
}

static void look(const char *where)
{
	fd = tagged_file(where, P / 2);
	p = mmap(NULL, 3 * P, RW, MAP_SHARED, fd, 0);
	NEED(p != MAP_FAILED);
	p[P - 1] = 1;
	in_child(writes_tail);
	say("parent sees %d", byte(p + P - 2));
	in_child(grows);
	say("parent: %s, %c", pages(p, 3), byte(p + P - 1));
}

static void run(void)
{
	look(tmpfs());
	look(disk());
}
