/* group: mlock */
/* Pages that cannot be touched make mlock fail, but not before all of the range is locked:
 * in the heap, in other mappings, and where both meet. */
#include "../harness.h"

static long before;

static void lock(const char *what, char *p, long n)
{
	errno = 0;
	int answer = mlock(p, n);
	say("%s: %d %s, locked %ld", what, answer, error_name(errno),
	    (proc_field("/proc/self/status", "VmLck") - before) * 1024 / P);
	NEED(munlock(p, n) == 0 || errno == ENOMEM);
}

static void run(void)
{
	char *p = rw_area(8 * P), *heap = (char *)syscall(SYS_brk, 0L);

	NEED(syscall(SYS_brk, heap + 20 * P) == (long)(heap + 20 * P));
	heap = (char *)(((uintptr_t)heap + P - 1) & ~(uintptr_t)(P - 1));
	NEED(mmap(heap + P, 5 * P, PROT_NONE, MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == heap + P);
	before = proc_field("/proc/self/status", "VmLck");
	lock("heap, from without access to the break's", heap + 5 * P, 3 * P + 1);
	lock("heap, all", heap, 9 * P);
	lock("heap, without access only", heap + P, P);
	NEED(mprotect(p + 2 * P, P, PROT_NONE) == 0);
	NEED(mmap(p + 4 * P, P, RW, MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == p + 4 * P);
	lock("mappings", p, 8 * P);
	lock("mappings, from the one without access", p + 2 * P, 4 * P);
	NEED(munmap(p + 5 * P, P) == 0);
	lock("mappings, to a hole", p, 8 * P);
}
