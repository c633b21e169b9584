/* group: heap */
/* RLIMIT_AS counts whole pages, and running into it is survivable. */
#include "../harness.h"

static void run(void)
{
	struct rlimit old, limit;
	char *p = mmap(NULL, P, RW, ANON, -1, 0);

	NEED(p != MAP_FAILED && getrlimit(RLIMIT_AS, &old) == 0);
	limit = old;
	limit.rlim_cur = (rlim_t)proc_field("/proc/self/status", "VmSize") * 1024 + 256 * P;
	NEED(setrlimit(RLIMIT_AS, &limit) == 0);
	MAP(mmap(NULL, 300 * P, RW, ANON, -1, 0));
	char *q = mmap(NULL, 100 * P, RW, ANON, -1, 0);
	NEED(q != MAP_FAILED);
	MAP(mmap(NULL, 200 * P, RW, ANON, -1, 0));
	CALL(munmap(q + 10 * P, 80 * P));
	CALL(mprotect(q, P, PROT_READ));
	PAGES(q, 12);
	MAP(mmap(NULL, 150 * P, RW, ANON, -1, 0));
	limit.rlim_cur = limit.rlim_max;
	NEED(setrlimit(RLIMIT_AS, &limit) == 0);
	MAP(mmap(NULL, 300 * P, RW, ANON, -1, 0));
}
