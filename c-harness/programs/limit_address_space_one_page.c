/* group: heap */
/* With one page and a bit left, one page can be had, not two. */
#include "../harness.h"

static void run(void)
{
	struct rlimit limit;
	/* what the program's own machinery may still want, it gets before */
	char *p = mmap(NULL, 1, RW, ANON, -1, 0);

	NEED(p != MAP_FAILED && munmap(p, 1) == 0 && getrlimit(RLIMIT_AS, &limit) == 0);
	long size = proc_field("/proc/self/status", "VmSize") * 1024;
	limit.rlim_cur = (rlim_t)(size + 2 * P - 1);
	NEED(setrlimit(RLIMIT_AS, &limit) == 0);
	MAP(mmap(NULL, P + 1, RW, ANON, -1, 0));
	MAP(mmap(NULL, 1, RW, ANON, -1, 0));
	MAP(mmap(NULL, P, RW, ANON, -1, 0));
}
