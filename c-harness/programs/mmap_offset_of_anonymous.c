/* group: mmap */
/* The offset of anonymous memory means nothing, but is checked. */
#include "../harness.h"

static void run(void)
{
	MAP(mmap(NULL, P, RW, ANON, -1, P / 2));
	MAP(mmap(NULL, P, RW, ANON, -1, 1));
	MAP(mmap(NULL, P, RW, ANON, -1, P));
	MAP(mmap(NULL, P, RW, MAP_SHARED | MAP_ANONYMOUS, -1, P / 16));
	MAP(mmap(NULL, P, RW, ANON, -1, 4096));
}
