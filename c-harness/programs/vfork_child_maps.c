/* group: fork */
/* What a vfork child maps and unmaps, its parent has mapped and unmapped. */
#include "../harness.h"

static char *volatile p, *volatile q;
static volatile int wrong;

static void run(void)
{
	int status = -1;

	p = rw_area(4 * P);
	pid_t pid = vfork();
	if (!pid) {
		q = mmap(NULL, P + 1, RW, ANON, -1, 0);
		wrong += munmap(p + P, 1) != 0;
		wrong += mprotect(p + 2 * P, 1, PROT_READ) != 0;
		wrong += munmap(p + P / 2, P) != -1;
		_exit(0);
	}
	NEED(pid > 0 && waitpid(pid, &status, 0) == pid);
	SHOW(wrong);
	PAGES(p, 4);
	PAGES(q, 2);
	MAP(mmap(p + P, P, RW, ANON | MAP_FIXED_NOREPLACE, -1, 0));
	MAP(mmap(q, P, RW, ANON | MAP_FIXED_NOREPLACE, -1, 0));
	CALL(munmap(q, 2 * P));
}
