/* group: signal */
/* A program's own handlers, their flags and masks stay what it set. */
#include "../harness.h"

static void run(void)
{
	struct sigaction old, action = { .sa_handler = SIG_IGN, .sa_flags = SA_RESTART };

	NEED(sigaction(SIGBUS, NULL, &old) == 0);
	CHECK(old.sa_sigaction == on_fault);
	CHECK((old.sa_flags & SA_SIGINFO) && (old.sa_flags & SA_NODEFER) && !(old.sa_flags & SA_ONSTACK));
	sigaddset(&action.sa_mask, SIGUSR2);
	NEED(sigaction(SIGBUS, &action, &old) == 0);
	CHECK(old.sa_sigaction == on_fault);
	NEED(sigaction(SIGBUS, &action, &old) == 0);
	CHECK(old.sa_handler == SIG_IGN && sigismember(&old.sa_mask, SIGUSR2) == 1);
	CHECK(signal(SIGSEGV, SIG_DFL) == (void (*)(int))(uintptr_t)on_fault);
	NEED(sigaction(SIGSEGV, NULL, &old) == 0);
	CHECK(old.sa_handler == SIG_DFL);
}
