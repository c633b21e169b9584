/* group: mincore */
/* One byte for each page, no more and no less. */
#include "../harness.h"

static void run(void)
{
	char *p = rw_area(6 * P);
	unsigned char v[8];
#define ASK(n)                                                                          \
	do {                                                                            \
		memset(v, 0xaa, sizeof v);                                              \
		int result_ = mincore(p, n, v);                                         \
		say("mincore(p, %s) = %d: %02x %02x %02x %02x %02x %02x", #n, result_,  \
		    v[0], v[1], v[2], v[3], v[4], v[5]);                                \
	} while (0)

	madvise(p, 6 * P, MADV_NOHUGEPAGE);
	p[P + P / 2] = 1;
	p[4 * P - 1] = 1;
	ASK(0);
	ASK(1);
	ASK(P);
	ASK(P + 1);
	ASK(2 * P);
	ASK(4 * P);
	ASK(4 * P + 1);
	NEED(munmap(p + 2 * P, P) == 0);
	ASK(2 * P);
	ASK(2 * P + 1);
}
