/* group: file */
/* The same with a file aligned for the largest pages. */
#include "../harness.h"

static void run(void)
{
	int fd = tagged_file(tmpfs(), 4 * 65536);
	char *image = area(4 * 65536);

	MAP(mmap(image, 0x1000, PROT_READ, MAP_PRIVATE | MAP_FIXED, fd, 0));
	MAP(mmap(image + 0x10000, 0x3000, RX, MAP_PRIVATE | MAP_FIXED, fd, 0x10000));
	MAP(mmap(image + 0x20000, 0x2000, RW, MAP_PRIVATE | MAP_FIXED, fd, 0x20000));
	HOLDS(image + 0x20000, 0x20000, 0x2000);
	WRITE(image + 0x20000);
	WRITE(image + 0x10000);
}
