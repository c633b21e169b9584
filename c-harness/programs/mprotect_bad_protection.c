/* group: mprotect */
/* Unknown bits, and in which order faults are found. */
#include "../harness.h"

static void run(void)
{
	char *p = rw_area(2 * P), *q = hole(P);

	CALL(mprotect(p, P, 0x4000));
	CALL(mprotect(p, P, RW | 0x4000));
	CALL(mprotect(p + P / 2, P, 0x4000));
	CALL(mprotect(p, 0, 0x4000));
	CALL(mprotect(q, P, 0x4000));
	CALL(mprotect(p, SIZE_MAX, 0x4000));
	CALL(mprotect(p, P, PROT_READ | PROT_GROWSDOWN | PROT_GROWSUP));
	CALL(mprotect(p + P / 2, P, PROT_READ | PROT_GROWSDOWN | PROT_GROWSUP));
	CALL(mprotect(p, P, PROT_READ | PROT_GROWSDOWN));
	CALL(mprotect(p, P, PROT_READ | PROT_GROWSUP));
	PAGES(p, 2);
}
