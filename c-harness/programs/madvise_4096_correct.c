/* group: madvise */
/* Its twin gives back the whole pages inside what is free. */
#include "../harness.h"

static long give_back(char *from, char *to)
{
	from += -(uintptr_t)from % P;
	to -= (uintptr_t)to % P;
	if (from >= to)
		return 0;
	NEED(madvise(from, to - from, MADV_DONTNEED) == 0);
	return (to - from) / P;
}

static void run(void)
{
	char *p = rw_area(4 * P);

	memset(p, 7, 4 * P);
	SHOW(give_back(p + P / 4, p + P / 2));
	SHOW(give_back(p + P / 2, p + 3 * P + P / 4));
	say("%d %d %d %d", byte(p + P - 1), byte(p + P), byte(p + 3 * P - 1), byte(p + 3 * P));
}
