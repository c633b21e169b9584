/* group: heap */
/* With one page and a bit left, one page can be had, not two. */
#include "../harness.h"

/* The stack counts too: it must not grow while the limit is tight. */
static void grow_stack(void)
{
	volatile char room[128 << 10];

	for (size_t i = 0; i < sizeof room; i += 1024)
		room[i] = 1;
}

static void run(void)
{
	struct rlimit limit;
	/* what else wants memory gets it before */
	char *p = mmap(NULL, 1, RW, ANON, -1, 0);

	NEED(p != MAP_FAILED && munmap(p, 1) == 0 && getrlimit(RLIMIT_AS, &limit) == 0);
	grow_stack();
	say("stdio has its buffer");
	long size = proc_field("/proc/self/status", "VmSize") * 1024;
	limit.rlim_cur = (rlim_t)(size + 2 * P - 1);
	NEED(setrlimit(RLIMIT_AS, &limit) == 0);
	MAP(mmap(NULL, P + 1, RW, ANON, -1, 0));
	MAP(mmap(NULL, 1, RW, ANON, -1, 0));
	MAP(mmap(NULL, P, RW, ANON, -1, 0));
}
