/* group: munmap */
/* Its twin gives back the whole pages inside the range it does not need. */
#include "../harness.h"

static void give_back(char *from, char *to)
{
	from += -(uintptr_t)from % P;
	to -= (uintptr_t)to % P;
	if (from < to)
		CALL(munmap(from, to - from));
}

static void run(void)
{
	char *p = rw_area(4 * P);

	give_back(p + P / 4, p + P / 2);
	PAGES(p, 4);
	give_back(p + P / 4, p + 3 * P + P / 4);
	PAGES(p, 4);
}
