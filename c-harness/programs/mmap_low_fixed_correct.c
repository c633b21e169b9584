/* group: mmap */
/* Its twin maps all of it, and protects what is a whole page. */
#include "../harness.h"

static void run(void)
{
	char *base = hole(MIB);

	MAP(mmap(base, 0x100000, RW, ANON | MAP_FIXED, -1, 0));
	CALL(mprotect(base + 0xf0000, 0x10000, PROT_READ));
	WRITE(base + 0xa0000);
	WRITE(base + 0xf1000);
}
