/* group: file */
/* A database whose pages have 8192 bytes maps each by itself. */
#include "../harness.h"

static void run(void)
{
	int fd = tagged_file(disk(), 8 * P), mapped = 0;

	for (long page = 0; page < 8; page++)
		mapped += mmap(NULL, 8192, PROT_READ, MAP_SHARED, fd, page * 8192) != MAP_FAILED;
	SHOW(mapped);
}
