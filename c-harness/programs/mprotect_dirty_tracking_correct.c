/* group: mprotect */
/* Its twin tracks pages. */
#include "../harness.h"

static volatile int dirty, refused;

static void note(int number, siginfo_t *info, void *context)
{
	(void)number, (void)context;
	dirty++;
	if (mprotect((char *)((uintptr_t)info->si_addr & -(uintptr_t)P), P, RW))
		_exit(3);
}

static void run(void)
{
	struct sigaction action = { .sa_sigaction = note, .sa_flags = SA_SIGINFO };
	char *p = rw_area(16 * P);

	NEED(sigaction(SIGSEGV, &action, NULL) == 0 && mprotect(p, 16 * P, PROT_READ) == 0);
	for (long i = P / 2; i < 16 * P; i += 2 * P)
		p[i] = p[i + 1] = 1;
	SHOW(dirty);
	catch_faults();
	PAGES(p, 16);
}
