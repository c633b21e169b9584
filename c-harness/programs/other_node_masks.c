/* group: other */
/* Masks of nodes may be as long as a page, and are zero behind the nodes that there are. */
#include "../harness.h"

enum { BIND = 2, ADDRESS = 2 };

static void run(void)
{
	unsigned long *mask = (unsigned long *)rw_area(4 * P);
	char *p = rw_area(4 * P);
	long most = P * 8 + 1;
	int mode;

	mask[0] = 1;
	if (syscall(SYS_set_mempolicy, BIND, mask, 64))
		SKIP("set_mempolicy: %s", error_name(errno));
	CALL(syscall(SYS_set_mempolicy, BIND, mask, most));
	CALL(syscall(SYS_set_mempolicy, BIND, mask, most - 1));
	CALL(syscall(SYS_set_mempolicy, BIND, mask, most + 1));
	CALL(syscall(SYS_set_mempolicy, BIND, NULL, most + 1));
	CALL(syscall(SYS_set_mempolicy, 0, NULL, 0));
	CALL(syscall(SYS_mbind, p, P, BIND, mask, most, 0));
	CALL(syscall(SYS_mbind, p, P, BIND, mask, most + 1, 0));
	mask[P / 8 - 1] = 1;
	CALL(syscall(SYS_mbind, p, P, BIND, mask, most, 0));
	CALL(syscall(SYS_mbind, p, P, BIND, mask, most - 63, 0));
	CALL(syscall(SYS_mbind, p, P, BIND, mask, most - 64, 0));
	mask[P / 8 - 1] = 0;
	CALL(syscall(SYS_mbind, p, -1L, BIND, mask, 64, 0));
	CALL(syscall(SYS_mbind, p, -P, BIND, mask, 64, 0));
	CALL(syscall(SYS_migrate_pages, 0, most, mask, mask));
	CALL(syscall(SYS_migrate_pages, 0, most + 1, mask, mask));

	memset(mask, 0xff, (size_t)(2 * P));
	CALL(syscall(SYS_get_mempolicy, &mode, mask, P * 8, p, ADDRESS));
	SHOW(mode);
	SHOW(mask[0]);
	long zero = 0;
	for (long i = 1; i < P / 4; i++)
		zero += mask[i] == 0;
	SHOW(zero == P / 8 - 1);
	CALL(syscall(SYS_get_mempolicy, &mode, mask, P * 8 + 64, p, ADDRESS));
	CALL(syscall(SYS_get_mempolicy, &mode, mask, P * 8 + 66, p, ADDRESS));
}
