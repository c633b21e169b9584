/* group: fork; needs: glibc */
/* _Fork runs no fork handlers; its child maps all the same. */
#include "../harness.h"

static char *p;

static int child(void)
{
	if (strcmp(pages(p, 4), "ww.r"))
		return 1;
	if (munmap(p + P / 2, P) == 0 || munmap(p, 1) || mprotect(p + P, 1, PROT_READ))
		return 2;
	if (mmap(p, P, RW, ANON | MAP_FIXED_NOREPLACE, -1, 0) != p)
		return 3;
	char *q = mmap(NULL, P + 1, RW, ANON, -1, 0);
	if (q == MAP_FAILED || (uintptr_t)q % P)
		return 4;
	q[2 * P - 1] = 1;
	return strcmp(pages(p, 4), "wr.r") ? 5 : 0;
}

static void run(void)
{
	int status = -1;

	p = rw_area(4 * P);
	NEED(munmap(p + 2 * P, P) == 0 && mprotect(p + 3 * P, P, PROT_READ) == 0);
	pid_t pid = _Fork();
	if (!pid)
		_exit(child());
	NEED(pid > 0 && waitpid(pid, &status, 0) == pid);
	SHOW(WEXITSTATUS(status));
	PAGES(p, 4);
	CALL(munmap(p, 4 * P));
}
