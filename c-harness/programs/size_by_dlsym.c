/* group: size */
/* The functions found by name answer like those linked. */
#include "../harness.h"
#include <dlfcn.h>

static void run(void)
{
	int (*get)(void) = (int (*)(void))(uintptr_t)dlsym(RTLD_DEFAULT, "getpagesize");
	long (*conf)(int) = (long (*)(int))(uintptr_t)dlsym(RTLD_DEFAULT, "sysconf");
	void *(*map)(void *, size_t, int, int, int, off_t) =
		(void *(*)(void *, size_t, int, int, int, off_t))(uintptr_t)dlsym(RTLD_DEFAULT, "mmap");

	NEED(get && conf && map);
	CHECK(get() == P);
	CHECK(conf(_SC_PAGESIZE) == P);
	MAP(map(NULL, P, RW, ANON, -1, P / 2));
	MAP(map(NULL, 1, RW, ANON, -1, 0));
}
