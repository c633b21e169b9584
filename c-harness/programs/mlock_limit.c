/* group: mlock */
/* RLIMIT_MEMLOCK counts whole pages. */
#include "../harness.h"

static void limit(long n)
{
	struct rlimit l = { n, 2 * P };

	NEED(setrlimit(RLIMIT_MEMLOCK, &l) == 0);
}

static void run(void)
{
	char *p = rw_area(8 * P);

	limit(2 * P);
	if (getuid() == 0 && (setgid(1000) || setuid(1000)))
		SKIP("cannot give up root");
	CALL(mlock(p + P - 1, 2));
	CALL(mlock(p + 4 * P, 1));
	CALL(munlock(p, 8 * P));
	limit(2 * P - 1);
	CALL(mlock(p, P + 1));
	CALL(mlock(p, P));
	CALL(munlock(p, 8 * P));
	limit(P / 2);
	CALL(mlock(p, 1));
	limit(4096);
	CALL(mlock(p, 1));
}
