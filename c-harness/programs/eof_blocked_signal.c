/* group: eof */
/* Touching a tail is no signal at all: not when SIGBUS is blocked, not when it is
 * ignored, and none is left pending. */
#include "../harness.h"

static char *map(void)
{
	char *p = mmap(NULL, P, RW, MAP_SHARED, new_file(tmpfs(), 10), 0);

	NEED(p != MAP_FAILED);
	return p;
}

static void run(void)
{
	sigset_t set, pending;

	sigemptyset(&set);
	sigaddset(&set, SIGBUS);
	NEED(sigprocmask(SIG_BLOCK, &set, NULL) == 0);
	map()[P - 1] = 1;
	say("stored while blocked");
	NEED(sigpending(&pending) == 0);
	SHOW(sigismember(&pending, SIGBUS));
	NEED(sigprocmask(SIG_UNBLOCK, &set, NULL) == 0);
	signal(SIGBUS, SIG_IGN);
	map()[P - 1] = 1;
	say("stored while ignored");
	signal(SIGBUS, SIG_DFL);
	map()[P - 1] = 1;
	say("stored with the default action");
}
