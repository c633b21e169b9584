/* group: munmap */
/* 4096 bytes in the middle of a buffer given back. */
#include "../harness.h"

static void run(void)
{
	char *p = rw_area(2 * P);

	CALL(munmap(p + 4096, 4096));
	READ(p);
	READ(p + 4096);
	CALL(munmap(p, 4096));
	READ(p);
	READ(p + 12288 - 1);
}
