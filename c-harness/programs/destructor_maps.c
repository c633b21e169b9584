/* group: startup */
/* And so do functions that run at exit. */
#include "../harness.h"

static void late(void)
{
	char *p = mmap(NULL, P + 1, RW, ANON, -1, 0);

	NEED(p != MAP_FAILED);
	PAGES(p, 2);
	CALL(munmap(p + P / 2, P));
	CALL(munmap(p, P + 1));
}

__attribute__((destructor)) static void later(void)
{
	MAP(mmap(NULL, 1, RW, ANON, -1, 0));
}

static void run(void)
{
	NEED(atexit(late) == 0);
}
