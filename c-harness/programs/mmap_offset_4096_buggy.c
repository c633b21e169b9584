/* group: mmap */
/* The commonest bug: a file's second 4096 bytes mapped by themselves. */
#include "../harness.h"

static void run(void)
{
	int fd = tagged_file(tmpfs(), 4 * P);

	MAP(mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, fd, 4096));
	MAP(mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 12288));
}
