/* group: mmap */
#include "../harness.h"

static void run(void)
{
	MAP(mmap(NULL, P, RW, ANON, 999, 0));
	MAP(mmap(NULL, P, RW, ANON, 0, 0));
	MAP(mmap(NULL, P, RW, MAP_SHARED | MAP_ANONYMOUS, 1, 0));
}
