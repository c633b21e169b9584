/* group: size */
/* A collector commits its mark bitmap in steps of 4096 bytes (dotnet). */
#include "../harness.h"

static void run(void)
{
	char *bitmap = mmap(NULL, 4 * P, PROT_NONE, ANON, -1, 0);
	long committed = 0, failed = 0;

	NEED(bitmap != MAP_FAILED);
	for (; committed < 4 * 4096; committed += 4096)
		failed += mprotect(bitmap + committed, 4096, RW) != 0;
	SHOW(failed);
	WRITE(bitmap + 4096);
}
