/* group: pipe */
/* Its twin takes the answer. */
#include "../harness.h"

static void run(void)
{
	int ends[2];
	static char block[1 << 18];

	NEED(pipe2(ends, O_NONBLOCK) == 0);
	long n = fcntl(ends[1], F_SETPIPE_SZ, 4096);
	CHECK(n >= 4096);
	CHECK(write(ends[1], block, sizeof block) == n);
	CALL(write(ends[1], block, 1));
}
