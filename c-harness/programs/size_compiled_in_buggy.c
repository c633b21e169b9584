/* group: size */
/* An allocator compiled for 4K pages (jemalloc: "Unsupported system page size"). */
#include "../harness.h"

enum { COMPILED_PAGE = 4096 };

static void run(void)
{
	if (sysconf(_SC_PAGESIZE) > COMPILED_PAGE) {
		say("<allocator>: Unsupported system page size");
		exit(1);
	}
}
