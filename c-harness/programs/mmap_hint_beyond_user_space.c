/* group: mmap */
/* A hint where no program may map is ignored; with MAP_FIXED it is an error. */
#include "../harness.h"

static void run(void)
{
	char *top = (char *)(-(uintptr_t)MIB);

	MAP(mmap(top, P, RW, ANON, -1, 0));
	MAP(mmap(top, P, RW, ANON | MAP_FIXED, -1, 0));
	MAP(mmap(top, P, RW, ANON | MAP_FIXED_NOREPLACE, -1, 0));
	MAP(mmap(top + P / 2, P, RW, ANON | MAP_FIXED, -1, 0));
	CALL(munmap(top, P));
	CALL(mprotect(top, P, PROT_READ));
}
