/* group: signal */
/* Actions and masks that are handed to the kernel by number and of which a part cannot be
 * read or written: EFAULT, for signals of faults as for others. */
#include "../harness.h"

#define SET 8

static void say_result(const char *what, long result)
{
	say("%s: %s", what, result == 0 ? "done" : error_name(errno));
}

static void actions(const char *name, int signal, char *end)
{
	say("%s", name);
	say_result("  half of an action", syscall(SYS_rt_sigaction, signal, end - 2 * sizeof(long), NULL, SET));
	say_result("  no action", syscall(SYS_rt_sigaction, signal, end, NULL, SET));
	say_result("  half of an old action", syscall(SYS_rt_sigaction, signal, NULL, end - 2 * sizeof(long), SET));
	say_result("  a whole one", syscall(SYS_rt_sigaction, signal, NULL, end - 4 * sizeof(long), SET));
	say_result("  of another size", syscall(SYS_rt_sigaction, signal, NULL, NULL, SET / 2));
}

static void run(void)
{
	char *at = mmap(NULL, 2 * P, RW, ANON, -1, 0);

	NEED(at != MAP_FAILED && munmap(at + P, P) == 0);
	actions("SIGUSR1", SIGUSR1, at + P);
	actions("SIGBUS", SIGBUS, at + P);
	actions("SIGSEGV", SIGSEGV, at + P);
	say_result("half of a mask", syscall(SYS_rt_sigprocmask, SIG_BLOCK, at + P - SET / 2, NULL, SET));
	say_result("half of an old mask", syscall(SYS_rt_sigprocmask, SIG_BLOCK, NULL, at + P - SET / 2, SET));
	say_result("a whole one", syscall(SYS_rt_sigprocmask, SIG_BLOCK, at + P - SET, NULL, SET));
}
