/* group: msync */
/* Anonymous, private and inaccessible memory can be flushed, to no effect. */
#include "../harness.h"

static void run(void)
{
	int fd = tagged_file(tmpfs(), P);
	char *p = rw_area(3 * P), *heap = malloc(10 * P);

	NEED(mmap(p + P, P, RW, MAP_PRIVATE | MAP_FIXED, fd, 0) == p + P);
	NEED(mmap(p + 2 * P, P, PROT_NONE, ANON | MAP_FIXED, -1, 0) == p + 2 * P);
	CALL(msync(p, 3 * P, MS_SYNC));
	CALL(msync(p, 3 * P, MS_ASYNC));
	CALL(msync((char *)(((uintptr_t)heap + 4 * P) & -(uintptr_t)P), P, MS_SYNC));
}
