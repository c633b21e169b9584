/* group: file */
/* A loader maps the segments of a file that is aligned for 4K pages. */
#include "../harness.h"

static void run(void)
{
	int fd = tagged_file(tmpfs(), 4 * 65536);
	char *image = area(4 * 65536);

	MAP(mmap(image, 0x1000, PROT_READ, MAP_PRIVATE | MAP_FIXED, fd, 0));
	MAP(mmap(image + 0x1000, 0x3000, RX, MAP_PRIVATE | MAP_FIXED, fd, 0x1000));
	MAP(mmap(image + 0x4000, 0x2000, RW, MAP_PRIVATE | MAP_FIXED, fd, 0x3000));
}
