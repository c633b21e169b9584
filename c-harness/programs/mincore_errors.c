/* group: mincore */
/* Which fault is found first. */
#include "../harness.h"

static void run(void)
{
	char *p = rw_area(2 * P);
	unsigned char v[4], *nowhere = (unsigned char *)area(P);

	CALL(mincore(p + P / 2, P, v));
	CALL(mincore(p + P / 2, 0, v));
	CALL(mincore(p + 1, P, nowhere));
	CALL(mincore(p, P, nowhere));
	CALL(mincore(p, 0, nowhere));
	CALL(mincore((void *)(-(uintptr_t)MIB), P, v));
	CALL(mincore(hole(P), P, v));
}
