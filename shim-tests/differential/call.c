/* The four calls, by their C functions or by syscall(): programs use both. */
#include "diff.h"
#include <sys/syscall.h>
#include <unistd.h>

static int by_number(struct ctx *c)
{
	return c->opt->raw && chance(c, 30);
}

void call_mmap(struct ctx *c, void *a, size_t n, int prot, int flags, int fd, long off)
{
	if (by_number(c))
		CALL(c, syscall(SYS_mmap, a, n, (long)prot, (long)flags, (long)fd, off));
	else
		CALL(c, mmap(a, n, prot, flags, fd, off));
}

void call_munmap(struct ctx *c, void *a, size_t n)
{
	if (by_number(c))
		CALL(c, syscall(SYS_munmap, a, n));
	else
		CALL(c, munmap(a, n));
}

void call_mprotect(struct ctx *c, void *a, size_t n, int prot)
{
	if (by_number(c))
		CALL(c, syscall(SYS_mprotect, a, n, (long)prot));
	else
		CALL(c, mprotect(a, n, prot));
}

void call_msync(struct ctx *c, void *a, size_t n, int flags)
{
	if (by_number(c))
		CALL(c, syscall(SYS_msync, a, n, (long)flags));
	else
		CALL(c, msync(a, n, flags));
}
