/* group: syscall */
/* What one way maps, the other way changes. */
#include "../harness.h"

static void run(void)
{
	char *p = hole(4 * P);

	NEED(syscall(SYS_mmap, p, 4 * P, RW, ANON | MAP_FIXED, -1, 0) == (long)p);
	CALL(mprotect(p, 1, PROT_READ));
	CALL(munmap(p + P, 1));
	CALL(syscall(SYS_mprotect, p + 2 * P, P, PROT_NONE));
	PAGES(p, 4);
	NEED(mmap(p + P, P, RW, ANON | MAP_FIXED_NOREPLACE, -1, 0) == p + P);
	MAP(syscall(SYS_mmap, p + P, P, RW, ANON | MAP_FIXED_NOREPLACE, -1, 0));
	CALL(syscall(SYS_munmap, p, 2 * P + 1));
	PAGES(p, 4);
}
