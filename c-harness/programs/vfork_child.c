/* group: fork */
/* A vfork child runs in its parent's memory, then executes something. */
#include "../harness.h"

static void run(void)
{
	char *p = rw_area(3 * P);
	int status = -1;

	for (int i = 0; i < 20; i++) {
		pid_t pid = vfork();
		if (!pid) {
			execl("/bin/sh", "sh", "-c", "exit 7", (char *)NULL);
			_exit(127);
		}
		NEED(pid > 0 && waitpid(pid, &status, 0) == pid && WEXITSTATUS(status) == 7);
		NEED(munmap(p + P, 1) == 0);
		NEED(mmap(p + P, P, RW, ANON | MAP_FIXED_NOREPLACE, -1, 0) == p + P);
	}
	PAGES(p, 3);
	CALL(munmap(p, 3 * P));
}
