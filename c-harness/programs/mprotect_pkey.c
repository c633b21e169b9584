/* group: mprotect */
/* pkey_mprotect with key -1 is mprotect. */
#include "../harness.h"

static void run(void)
{
	char *p = rw_area(4 * P);

	CALL(syscall(SYS_pkey_mprotect, p + P / 2, P, PROT_READ, -1));
	CALL(syscall(SYS_pkey_mprotect, p + P, 1, PROT_READ, -1));
	CALL(syscall(SYS_pkey_mprotect, p, SIZE_MAX, PROT_READ, -1));
	PAGES(p, 4);
}
