/* group: mlock */
/* Locking counts the pages that the range touches; any start will do. */
#include "../harness.h"

static void run(void)
{
	char *p = rw_area(8 * P);
	long before = proc_field("/proc/self/status", "VmLck");
#define LOCKED() ((proc_field("/proc/self/status", "VmLck") - before) * 1024 / P)

	CALL(mlock(p + P / 2, 1));
	SHOW(LOCKED());
	CALL(mlock(p + 2 * P - 1, 2));
	SHOW(LOCKED());
	CALL(munlock(p + 5, 1));
	SHOW(LOCKED());
	CALL(mlock(p, 0));
	CALL(mlock(p, SIZE_MAX));
	CALL(mlock2(p + 4 * P + 5, P, MLOCK_ONFAULT));
	SHOW(LOCKED());
	CALL(mlock2(p, P, 0x100));
	CALL(munlock(p, 8 * P));
	SHOW(LOCKED());
	NEED(munmap(p + 2 * P, P) == 0);
	CALL(mlock(p, 2 * P + 1));
	CALL(munlock(p + 2 * P, 1));
	PAGES(p, 8);
}
