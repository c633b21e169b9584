/* group: mmap */
/* An address rounded with ~0xfff and mapped with MAP_FIXED. */
#include "../harness.h"

static void run(void)
{
	char *p = area(4 * P);
	char *at = (char *)(((uintptr_t)p + 5000) & ~(uintptr_t)0xfff);

	MAP(mmap(at, 4096, RW, ANON | MAP_FIXED, -1, 0));
	READ(at);
}
