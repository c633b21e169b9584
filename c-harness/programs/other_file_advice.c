/* group: other */
/* Calls on files know no page: any offset and length will do. */
#include "../harness.h"

static void run(void)
{
	int fd = tagged_file(disk(), 4 * P);
	char *p = mmap(NULL, 4 * P, PROT_READ, MAP_SHARED, fd, 0);

	NEED(p != MAP_FAILED);
	SHOW(posix_fadvise(fd, 100, P / 3, POSIX_FADV_DONTNEED));
	CALL(sync_file_range(fd, P / 2, P, SYNC_FILE_RANGE_WRITE));
	CALL(readahead(fd, 7, P + 9));
	CALL(fallocate(fd, 0, 100, P));
	HOLDS(p, 0, 4 * P);
}
