/* group: special */
/* MAP_LOCKED memory is there; a limit of locked memory counts whole pages. */
#include "../harness.h"

static void run(void)
{
	struct rlimit limit = { 2 * P, 2 * P };
	char *p = mmap(NULL, P, RW, ANON | MAP_LOCKED, -1, 0);

	NEED(p != MAP_FAILED);
	PAGES(p, 1);
	NEED(munmap(p, P) == 0);
	NEED(setrlimit(RLIMIT_MEMLOCK, &limit) == 0);
	if (getuid() == 0 && (setgid(1000) || setuid(1000)))
		SKIP("cannot give up root");
	MAP(mmap(NULL, 3 * P, RW, ANON | MAP_LOCKED, -1, 0));
	MAP(mmap(NULL, 2 * P + 1, RW, ANON | MAP_LOCKED, -1, 0));
	MAP(mmap(NULL, P + 1, RW, ANON | MAP_LOCKED, -1, 0));
	MAP(mmap(NULL, 1, RW, ANON | MAP_LOCKED, -1, 0));
}
