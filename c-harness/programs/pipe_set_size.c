/* group: pipe */
/* Sizes are rounded up to a power of two of pages. */
#include "../harness.h"

static void run(void)
{
	int ends[2];

	NEED(pipe(ends) == 0);
	say("1 byte: %d P", fcntl(ends[0], F_SETPIPE_SZ, 1) / (int)P);
	say("a page: %d P", fcntl(ends[0], F_SETPIPE_SZ, (int)P) / (int)P);
	say("a page and one: %d P", fcntl(ends[0], F_SETPIPE_SZ, (int)P + 1) / (int)P);
	say("three pages: %d P", fcntl(ends[0], F_SETPIPE_SZ, 3 * (int)P) / (int)P);
	say("now: %d P", fcntl(ends[1], F_GETPIPE_SZ) / (int)P);
	SHOW(fcntl(ends[0], F_SETPIPE_SZ, 4096));
	CALL(fcntl(ends[0], F_SETPIPE_SZ, 0));
	CALL(fcntl(0, F_SETPIPE_SZ, 4096));
}
