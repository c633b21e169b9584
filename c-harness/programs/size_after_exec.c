/* group: size */
/* A program started by exec sees the page size that its parent sees. */
#include "../harness.h"

static void run(void)
{
	if (arg_count > 1) {
		say("after exec: %ld, as before: %s", P, atol(args[1]) == P ? "yes" : "NO");
		return;
	}
	char number[32];
	snprintf(number, sizeof number, "%ld", P);
	pid_t child = fork();
	if (!child) {
		execl("/proc/self/exe", "again", number, (char *)NULL);
		_exit(127);
	}
	int status;
	NEED(waitpid(child, &status, 0) == child);
	SHOW(WEXITSTATUS(status));
}
