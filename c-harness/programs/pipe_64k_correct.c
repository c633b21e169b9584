/* group: pipe */
/* Its twin asks for the capacity. */
#include "../harness.h"

static void run(void)
{
	int ends[2];

	NEED(pipe2(ends, O_NONBLOCK) == 0);
	long n = fcntl(ends[1], F_GETPIPE_SZ);
	char *block = calloc(1, n);
	CHECK(write(ends[1], block, n) == n);
	CALL(write(ends[1], block, 1));
	CHECK(read(ends[0], block, n) == n);
	CALL(write(ends[1], block, 1));
}
