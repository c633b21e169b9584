/* group: other */
/* remap_file_pages counts in pages, and is given away by rounding down. */
#include "../harness.h"

static void run(void)
{
	int fd = tagged_file(tmpfs(), 8 * P);
	char *p = mmap(NULL, 8 * P, RW, MAP_SHARED, fd, 0);

	NEED(p != MAP_FAILED);
	CALL(syscall(SYS_remap_file_pages, p, P, 0, 3, 0));
	HOLDS(p, 3 * P, P);
	CALL(syscall(SYS_remap_file_pages, p + P + P / 2, P, 0, 5, 0));
	HOLDS(p + P, 5 * P, P);
	HOLDS(p + 2 * P, 2 * P, P);
	CALL(syscall(SYS_remap_file_pages, p, P / 2, 0, 1, 0));
	CALL(syscall(SYS_remap_file_pages, p, P, PROT_READ, 1, 0));
	HOLDS(p, 3 * P, P);
}
