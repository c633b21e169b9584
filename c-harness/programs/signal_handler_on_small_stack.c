/* group: signal */
/* The same on the smallest alternate stack, with unmapping too. */
#include "../harness.h"
#include <sys/auxv.h>

#ifndef AT_MINSIGSTKSZ
#define AT_MINSIGSTKSZ 51
#endif

static char *heap;
static volatile int faults;

static void serve(int number, siginfo_t *info, void *context)
{
	char *page = (char *)((uintptr_t)info->si_addr & -(uintptr_t)P);

	(void)number, (void)context;
	faults++;
	char *q = mmap(NULL, 3 * P, RW, ANON, -1, 0);
	if (q == MAP_FAILED || munmap(q, 3 * P) || mmap(page, P, RW, ANON | MAP_FIXED, -1, 0) != page)
		_exit(3);
}

static void run(void)
{
	struct sigaction action = { .sa_sigaction = serve, .sa_flags = SA_SIGINFO | SA_ONSTACK };
#ifdef __powerpc64__
	long size = 8192; /* the kernel's minimum; the C library names less */
#else
	/* what the kernel saves there depends on the processor, and is more than some C
	 * libraries' MINSIGSTKSZ */
	long size = (long)getauxval(AT_MINSIGSTKSZ);
#endif
	stack_t stack = { .ss_size = (size_t)(size > 2048 ? size : 2048) + 2048 };

	/* found by the loader now: on its first call it saves all registers on the stack,
	 * which on some processors alone are more than there is left */
	NEED(munmap(area(P), P) == 0);
	stack.ss_sp = malloc(stack.ss_size);
	NEED(stack.ss_sp && sigaltstack(&stack, NULL) == 0);
	heap = area(8 * P);
	NEED(sigaction(SIGSEGV, &action, NULL) == 0);
	for (long i = 0; i < 8 * P; i += P / 2)
		heap[i] = 1;
	SHOW(faults);
}
