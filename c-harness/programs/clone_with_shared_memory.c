/* group: fork */
/* A child made by clone(CLONE_VM) shares the mappings for good. */
#include "../harness.h"
#include <sched.h>

static char *p, *volatile q;
static volatile int wrong;

static int child(void *unused)
{
	(void)unused;
	q = mmap(NULL, P + 1, RW, ANON, -1, 0);
	wrong += q == MAP_FAILED || munmap(p + P, 1) != 0 || munmap(p + P / 2, P) != -1;
	return 0;
}

static void run(void)
{
	char *stack = mmap(NULL, MIB, RW, ANON | MAP_STACK, -1, 0);
	int status = -1;

	p = rw_area(3 * P);
	NEED(stack != MAP_FAILED);
	pid_t pid = clone(child, stack + MIB, CLONE_VM | SIGCHLD, NULL);
	NEED(pid > 0 && waitpid(pid, &status, 0) == pid);
	SHOW(status);
	SHOW(wrong);
	PAGES(p, 3);
	PAGES(q, 2);
	MAP(mmap(p + P, P, RW, ANON | MAP_FIXED_NOREPLACE, -1, 0));
	CALL(munmap(q, 1));
	PAGES(q, 2);
}
