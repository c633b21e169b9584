/* group: mmap */
/* A file offset must be a multiple of P, whatever else is asked. */
#include "../harness.h"

static void run(void)
{
	int fd = tagged_file(tmpfs(), 4 * P);

	MAP(mmap(NULL, P, PROT_READ, MAP_SHARED, fd, 1));
	MAP(mmap(NULL, P, PROT_READ, MAP_SHARED, fd, P / 2));
	MAP(mmap(NULL, P, PROT_READ, MAP_PRIVATE, fd, P - 1));
	MAP(mmap(NULL, P, PROT_READ, MAP_PRIVATE, fd, P + P / 16));
	MAP(mmap(NULL, P, PROT_READ, MAP_PRIVATE, fd, -1));
	MAP(mmap(NULL, P, PROT_READ, MAP_PRIVATE, fd, 0));
	MAP(mmap(NULL, P, PROT_READ, MAP_PRIVATE, fd, P));
	MAP(mmap(NULL, P, PROT_READ, MAP_PRIVATE, fd, 3 * P));
}
