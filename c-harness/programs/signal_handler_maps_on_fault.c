/* group: signal */
/* A collector's handler commits reserved pages when they are touched, by
 * mprotect and by mapping over them. */
#include "../harness.h"

static char *heap;
static volatile int faults;

static void commit(int number, siginfo_t *info, void *context)
{
	char *page = (char *)((uintptr_t)info->si_addr & -(uintptr_t)P);

	(void)number, (void)context;
	faults++;
	if ((page - heap) / P % 2 ? mprotect(page, P, RW) != 0 :
	    mmap(page, P, RW, ANON | MAP_FIXED, -1, 0) != page)
		_exit(3);
}

static void run(void)
{
	struct sigaction action = { .sa_sigaction = commit, .sa_flags = SA_SIGINFO };

	heap = area(64 * P);
	NEED(sigaction(SIGSEGV, &action, NULL) == 0);
	for (long i = 0; i < 64 * P; i += P / 4)
		heap[i] = 1;
	SHOW(faults);
	catch_faults();
	PAGES(heap, 64);
}
