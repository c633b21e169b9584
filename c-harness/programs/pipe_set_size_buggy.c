/* group: pipe */
/* A test sets a pipe to 4096 bytes and expects 4096. */
#include "../harness.h"

static void run(void)
{
	int ends[2];
	static char block[1 << 17];

	NEED(pipe2(ends, O_NONBLOCK) == 0);
	CALL(fcntl(ends[1], F_SETPIPE_SZ, 4096));
	CALL(write(ends[1], block, sizeof block));
}
