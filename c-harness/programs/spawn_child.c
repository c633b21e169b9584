/* group: fork */
/* A spawned program sees the same page size. */
#include "../harness.h"
#include <spawn.h>

extern char **environ;

static void run(void)
{
	if (arg_count > 1) {
		char *p = mmap(NULL, P + 1, RW, ANON, -1, 0);
		say("spawned: %ld, as its parent: %s", P, atol(args[1]) == P ? "yes" : "NO");
		PAGES(p, 2);
		return;
	}
	char number[32];
	snprintf(number, sizeof number, "%ld", P);
	char *vector[] = { "spawned", number, NULL };
	pid_t pid;
	int status = -1;
	NEED(posix_spawn(&pid, "/proc/self/exe", NULL, NULL, vector, environ) == 0);
	NEED(waitpid(pid, &status, 0) == pid);
	SHOW(WEXITSTATUS(status));
	SHOW(posix_spawn(&pid, "/nothing/there", NULL, NULL, vector, environ));
	char *p = mmap(NULL, 1, RW, ANON, -1, 0);
	NEED(p != MAP_FAILED);
	CALL(munmap(p, 1));
}
