/* group: mprotect */
/* Writes are tracked by protection: the handler gives the touched 4096 bytes back
 * their write permission. */
#include "../harness.h"

static volatile int dirty, refused;

static void note(int number, siginfo_t *info, void *context)
{
	(void)number, (void)context;
	dirty++;
	if (mprotect((char *)((uintptr_t)info->si_addr & ~(uintptr_t)4095), 4096, RW)) {
		refused = errno;
		/* a real one would end here, or fault for ever */
		mprotect((char *)((uintptr_t)info->si_addr & -(uintptr_t)P), P, RW);
	}
}

static void run(void)
{
	struct sigaction action = { .sa_sigaction = note, .sa_flags = SA_SIGINFO };
	char *p = rw_area(4 * 65536);

	NEED(sigaction(SIGSEGV, &action, NULL) == 0 && mprotect(p, 4 * 65536, PROT_READ) == 0);
	for (long i = 4096; i < 65536; i += 8192)
		p[i] = 1;
	SHOW(dirty);
	say("refused: %s", error_name(refused));
}
