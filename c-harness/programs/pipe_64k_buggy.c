/* group: pipe */
/* A test writes 65537 bytes into a pipe and expects to be held up. */
#include "../harness.h"

static void run(void)
{
	int ends[2];
	static char block[65536];

	NEED(pipe2(ends, O_NONBLOCK) == 0);
	CALL(write(ends[1], block, 65536));
	CALL(write(ends[1], block, 1));
	SHOW(fcntl(ends[1], F_GETPIPE_SZ));
}
