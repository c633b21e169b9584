/* group: startup; needs: glibc */
/* dlopen maps a library's segments; the program's own mappings are not disturbed. */
#include "../harness.h"
#include <dlfcn.h>

static void run(void)
{
	char *p = rw_area(4 * P);

	fill(p, 4 * P);
	for (int i = 0; i < 20; i++) {
		void *library = dlopen("libm.so.6", RTLD_NOW | RTLD_LOCAL);
		NEED(library);
		double (*root)(double) = (double (*)(double))(uintptr_t)dlsym(library, "sqrt");
		NEED(root && root(49.0) == 7.0);
		char *q = mmap(NULL, 3 * P, RW, ANON, -1, 0);
		NEED(q != MAP_FAILED && munmap(q, 3 * P) == 0);
		NEED(dlclose(library) == 0);
	}
	HOLDS(p, 0, 4 * P);
}
