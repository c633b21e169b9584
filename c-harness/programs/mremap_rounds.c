/* group: mremap */
/* Both lengths are rounded up: what is less than a page changes nothing. */
#include "../harness.h"

static void run(void)
{
	char *p = rw_area(6 * P), *q;

	fill(p, 6 * P);
#define TRY(old, new)                                                        \
	do {                                                                 \
		errno = 0;                                                   \
		q = mremap(p, old, new, 0);                                  \
		say("%s to %s: %s; %s", #old, #new,                          \
		    q == p ? "same place" : error_name(errno), pages(p, 6)); \
	} while (0)
	TRY(6 * P, 6 * P - 1);
	TRY(6 * P, 5 * P + 1);
	TRY(1, P);
	TRY(P / 2, P / 2 + 1);
	TRY(6 * P - P / 2, 5 * P);
	TRY(5 * P, 4 * P + P / 16);
	TRY(5 * P, 4 * P);
	TRY(P, P + 1);
	HOLDS(p, 0, 4 * P);
}
