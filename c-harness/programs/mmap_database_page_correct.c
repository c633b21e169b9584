/* group: file */
/* Its twin maps a window of whole pages and finds its own page in that. */
#include "../harness.h"

static void run(void)
{
	int fd = tagged_file(disk(), 8 * P), right = 0;

	for (long page = 0; page < 4; page++) {
		long offset = page * 8192, start = offset / P * P;
		char *window = mmap(NULL, offset - start + 8192, PROT_READ, MAP_SHARED, fd, start);
		NEED(window != MAP_FAILED);
		right += right_bytes(window + (offset - start), offset, 8192) == 8192;
	}
	SHOW(right);
}
