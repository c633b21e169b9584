/* group: special */
/* /dev/zero is memory: private copies, or shared with children. */
#include "../harness.h"

static char *shared;

static void child(void)
{
	shared[P] = 33;
}

static void run(void)
{
	int fd = open("/dev/zero", O_RDWR);
	char *p = area(4 * P);

	NEED(fd >= 0);
	MAP(mmap(p, P + 1, RW, MAP_PRIVATE | MAP_FIXED, fd, 0));
	PAGES(p, 4);
	p[P] = 1;
	SHOW(byte(p + P) + byte(p + 2 * P - 1));
	MAP(mmap(NULL, P, RW, MAP_PRIVATE, fd, P / 2));
	MAP(mmap(NULL, P, RW, MAP_PRIVATE, fd, 7 * P));
	shared = mmap(NULL, 2 * P, RW, MAP_SHARED, fd, 0);
	NEED(shared != MAP_FAILED);
	in_child(child);
	SHOW(shared[P]);
	CALL(munmap(p, 1));
	CALL(mprotect(p + P, 1, PROT_READ));
	PAGES(p, 4);
}
