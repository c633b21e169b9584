/* group: fault */
/* The kernel, given memory that it may not touch, says EFAULT or stops there. */
#include "../harness.h"

static void run(void)
{
	int ends[2];
	char *p = hole(4 * P);

	NEED(mmap(p, P, RW, ANON | MAP_FIXED, -1, 0) == p);
	NEED(mmap(p + 2 * P, P, PROT_READ, ANON | MAP_FIXED, -1, 0) == p + 2 * P);
	NEED(mmap(p + 3 * P, P, PROT_NONE, ANON | MAP_FIXED, -1, 0) == p + 3 * P);
	NEED(pipe2(ends, O_NONBLOCK) == 0);
	CALL(write(ends[1], p + P, 1));
	CALL(write(ends[1], p + 3 * P, 1));
	CALL(write(ends[1], p + 2 * P + P / 2, 10));
	CALL(write(ends[1], p + P - 10, 10));
	CALL(read(ends[0], p + 2 * P, 10));
	CALL(read(ends[0], p, 10));
	CALL(write(ends[1], "x", 1));
	CALL(read(ends[0], p + P, 1));
	CALL(stat(p + P, (struct stat *)p));
	CALL(open(p + 3 * P, O_RDONLY));
}
