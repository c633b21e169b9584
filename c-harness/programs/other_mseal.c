/* group: other */
/* Sealed pages stay, on kernels that can seal. */
#include "../harness.h"

static void run(void)
{
	char *p = rw_area(4 * P);

	if (syscall(462, p, 0, 0) != 0)
		SKIP("mseal: %s", error_name(errno));
	CALL(syscall(462, p + P / 2, P, 0));
	CALL(syscall(462, p + P, 1, 0));
	CALL(munmap(p + P, 1));
	CALL(mprotect(p, 2 * P, PROT_READ));
	MAP(mmap(p + P, P, RW, ANON | MAP_FIXED, -1, 0));
	CALL(munmap(p + 2 * P, P));
	PAGES(p, 4);
}
