/* group: eof */
/* Past the last page a program without a handler dies of SIGBUS. */
#include "../harness.h"

static char *p;

static void touch(void)
{
	signal(SIGBUS, SIG_DFL);
	p[P - 1] = 1;
	say("the tail is fine");
	p[P] = 1;
}

static void run(void)
{
	p = mmap(NULL, 2 * P, RW, MAP_SHARED, new_file(tmpfs(), 10), 0);
	NEED(p != MAP_FAILED);
	in_child(touch);
}
