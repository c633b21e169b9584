/* group: mincore */
/* Its twin counts pages. */
#include "../harness.h"

static void run(void)
{
	char *p = rw_area(3 * P);
	unsigned char v[3] = { 9, 9, 9 };

	memset(p, 1, P);
	p[2 * P] = 1;
	CALL(mincore(p, 3 * P, v));
	say("%d %d %d", v[0] & 1, v[1] & 1, v[2] & 1);
}
