/* group: mmap */
/* Calls that succeed leave errno alone. */
#include "../harness.h"

static void run(void)
{
	errno = 1234;
	char *p = mmap(NULL, 4 * P, RW, ANON, -1, 0);
	SHOW(errno);
	/* a hint that is taken: the way to another place is bumpy */
	char *q = mmap(p, P, RW, ANON, -1, 0);
	SHOW(errno);
	mprotect(p, 1, PROT_READ);
	SHOW(errno);
	msync(p, P, MS_ASYNC);
	SHOW(errno);
	munmap(p, 2 * P);
	munmap(q, P);
	SHOW(errno);
	(void)sysconf(_SC_PAGESIZE);
	(void)getpagesize();
	SHOW(errno);
}
