/* group: eof */
/* A program with its own SIGBUS handler gets only the real faults. */
#include "../harness.h"

static volatile int calls, wrong;
static char *p;

static void repair(int number, siginfo_t *info, void *context)
{
	(void)number, (void)context;
	calls++;
	wrong += info->si_code != BUS_ADRERR || (char *)info->si_addr != p + P + 3;
	if (mmap(p + P, P, RW, ANON | MAP_FIXED, -1, 0) != p + P)
		_exit(3);
}

static void run(void)
{
	struct sigaction action = { .sa_sigaction = repair, .sa_flags = SA_SIGINFO }, old;
	int fd = new_file(tmpfs(), 10);

	p = area(4 * P);
	NEED(mmap(p, 3 * P, RW, MAP_SHARED | MAP_FIXED, fd, 0) == p);
	NEED(sigaction(SIGBUS, &action, NULL) == 0);
	p[P - 1] = 1;
	SHOW(calls);
	p[P + 3] = 2;
	SHOW(calls);
	SHOW(wrong);
	NEED(sigaction(SIGBUS, NULL, &old) == 0);
	CHECK(old.sa_sigaction == repair && (old.sa_flags & SA_SIGINFO) &&
	      !(old.sa_flags & (SA_ONSTACK | SA_NODEFER | SA_RESTART)));
	catch_faults();
	PAGES(p, 4);
}
