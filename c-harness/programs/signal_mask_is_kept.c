/* group: signal */
/* Calls leave the signal mask and pending signals as they are. */
#include "../harness.h"

static volatile sig_atomic_t seen;

static void on_usr1(int number)
{
	(void)number;
	seen++;
}

static void run(void)
{
	sigset_t set, now;

	signal(SIGUSR1, on_usr1);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGTERM);
	NEED(sigprocmask(SIG_BLOCK, &set, NULL) == 0);
	raise(SIGUSR1);
	char *p = mmap(NULL, 4 * P, RW, ANON, -1, 0);
	NEED(p != MAP_FAILED && mprotect(p, P, PROT_READ) == 0 && munmap(p, 4 * P) == 0);
	SHOW(seen);
	NEED(sigprocmask(SIG_SETMASK, NULL, &now) == 0);
	say("blocked: %d %d %d %d", sigismember(&now, SIGUSR1), sigismember(&now, SIGTERM),
	    sigismember(&now, SIGUSR2), sigismember(&now, SIGALRM));
	NEED(sigprocmask(SIG_UNBLOCK, &set, NULL) == 0);
	SHOW(seen);
}
