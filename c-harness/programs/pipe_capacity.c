/* group: pipe */
/* A pipe holds 16 pages. */
#include "../harness.h"

static void run(void)
{
	int ends[2];
	static char block[1 << 16];
	long total = 0, n;

	NEED(pipe2(ends, O_NONBLOCK) == 0);
	say("F_GETPIPE_SZ: %ld P", (long)fcntl(ends[0], F_GETPIPE_SZ) / P);
	while ((n = write(ends[1], block, P / 4)) > 0)
		total += n;
	say("takes %ld P, then %s", total / P, error_name(errno));
	total = 0;
	while ((n = read(ends[0], block, sizeof block)) > 0)
		total += n;
	say("gives %ld P", total / P);
}
