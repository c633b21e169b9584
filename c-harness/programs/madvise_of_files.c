/* group: madvise */
/* Advice for file mappings; holes punched by it. */
#include "../harness.h"

static void run(void)
{
	int fd = tagged_file(tmpfs(), 4 * P);
	char *p = mmap(NULL, 4 * P, RW, MAP_SHARED, fd, 0), *q = mmap(NULL, 4 * P, RW, MAP_PRIVATE, fd, 0);

	NEED(p != MAP_FAILED && q != MAP_FAILED);
	q[P] = q[2 * P] = 0;
	CALL(madvise(q + P, 1, MADV_DONTNEED));
	HOLDS(q, 0, 2 * P);
	SHOW(byte(q + 2 * P));
	CALL(madvise(p, 1, MADV_DONTNEED));
	HOLDS(p, 0, 4 * P);
	CALL(madvise(p + P, P / 2, MADV_REMOVE));
	say("%d %d %d %d", byte(p + P - 1) != 0, byte(p + P), byte(p + 2 * P - 1), byte(p + 2 * P) != 0);
	CALL(madvise(p + P / 2, P, MADV_REMOVE));
	CALL(madvise(q, P, MADV_REMOVE));
	CALL(madvise(p, 4 * P, MADV_WILLNEED));
	CALL(madvise(p, 4 * P, MADV_RANDOM));
	CALL(madvise(rw_area(P), P, MADV_REMOVE));
}
