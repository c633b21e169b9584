/* group: fault */
/* Which signal, which code, which address. */
#include "../harness.h"

static void run(void)
{
	char *p = hole(8 * P), *nothing = NULL;

	NEED(mmap(p + P, P, PROT_READ, ANON | MAP_FIXED, -1, 0) == p + P);
	NEED(mmap(p + 2 * P, P, PROT_NONE, ANON | MAP_FIXED, -1, 0) == p + 2 * P);
	NEED(mmap(p + 3 * P, P, RW, ANON | MAP_FIXED, -1, 0) == p + 3 * P);
	READ(p);
	READ(p + P - 1);
	WRITE(p + P);
	WRITE(p + P + P / 2 + 3);
	READ(p + 2 * P);
	READ(p + 2 * P + P / 16 * 5);
	WRITE(p + 3 * P - 1);
	WRITE(p + 4 * P - 1);
	READ(p + 4 * P);
	EXEC(p + 3 * P);
	EXEC(p + 4 * P + P / 2);
	READ(nothing);
}
