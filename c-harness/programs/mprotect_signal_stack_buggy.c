/* group: mprotect */
/* A guard of 4096 bytes below an alternate stack that malloc gave. */
#include "../harness.h"

static void run(void)
{
	char *base = NULL;

	NEED(posix_memalign((void **)&base, 65536, 4 * 65536) == 0);
	char *stack = base + 4096;
	CALL(mprotect(stack, 4096, PROT_NONE));
	CALL(mprotect(base, 4096, PROT_NONE));
	WRITE(stack + 2 * 4096);
}
