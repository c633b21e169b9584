/* group: fork */
/* A child of a child of a child. */
#include "../harness.h"

static char *p;
static int depth;

static void child(void)
{
	CALL(munmap(p + depth * P, 1));
	PAGES(p, 6);
	if (++depth < 4)
		in_child(child);
	PAGES(p, 6);
}

static void run(void)
{
	p = rw_area(6 * P);
	child();
}
