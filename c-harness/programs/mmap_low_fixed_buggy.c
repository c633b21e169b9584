/* group: mmap */
/* Memory of a DOS machine at its own addresses, in pieces of 4096 (dosemu2). */
#include "../harness.h"

static void run(void)
{
	char *base = hole(MIB), *video = base + 0xa0000, *bios = base + 0xf1000;

	MAP(mmap(base, 0xa0000, RW, ANON | MAP_FIXED, -1, 0));
	MAP(mmap(video, 0x10000, RW, ANON | MAP_FIXED, -1, 0));
	MAP(mmap(bios, 0x1000, PROT_READ, ANON | MAP_FIXED, -1, 0));
	CALL(mprotect(base + 0x9f000, 0x1000, PROT_READ));
}
