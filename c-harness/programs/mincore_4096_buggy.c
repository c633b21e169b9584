/* group: mincore */
/* A vector with a byte for each 4096 bytes, all of them read. */
#include "../harness.h"

static void run(void)
{
	char *p = rw_area(P);
	unsigned char v[64];

	memset(v, 9, sizeof v);
	memset(p, 1, P);
	CALL(mincore(p, P, v));
	say("bytes the kernel wrote: %ld of %ld expected", (long)(strspn((char *)v, "\1")), P / 4096);
	CALL(mincore(p + 4096, 4096, v));
}
