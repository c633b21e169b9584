/* group: mmap */
/* Neither shared nor private; flags that this kernel does not know. */
#include "../harness.h"

static void run(void)
{
	int fd = new_file(tmpfs(), P);

	MAP(mmap(NULL, P, RW, 0, fd, 0));
	MAP(mmap(NULL, P, RW, MAP_ANONYMOUS, -1, 0));
	MAP(mmap(NULL, P, RW, MAP_SHARED_VALIDATE, fd, 0));
	MAP(mmap(NULL, P, RW, MAP_SHARED_VALIDATE | 0x8000000, fd, 0));
	MAP(mmap(NULL, P, RW, MAP_SHARED | 0x8000000, fd, 0));
	MAP(mmap(NULL, P, RW, ANON | 0x8000000, -1, 0));
	MAP(mmap(NULL, P, RW, 12 | MAP_ANONYMOUS, -1, 0));
}
