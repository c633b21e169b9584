/* group: signal */
/* A program without a handler dies by the signal that the kernel sends. */
#include "../harness.h"

static char *p;

static void touch(void)
{
	signal(SIGSEGV, SIG_DFL);
	*(volatile char *)p = 1;
}

static void run(void)
{
	p = area(P);
	in_child(touch);
	CALL(munmap(p, 1));
	in_child(touch);
}
