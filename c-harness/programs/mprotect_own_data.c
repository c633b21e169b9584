/* group: mprotect */
/* A page of the program's own data, aligned for every page size. */
#include "../harness.h"

static char data[4 * 65536] __attribute__((aligned(65536))) = { 1 };

static void run(void)
{
	CALL(mprotect(data, P, PROT_READ));
	CALL(mprotect(data + P / 2, P, PROT_READ));
	CALL(mprotect(data + 2 * P, 1, PROT_NONE));
	say("pages of the data: %s", pages(data, 4));
	CALL(mprotect(data, 4 * P, RW));
	say("pages of the data: %s", pages(data, 4));
}
