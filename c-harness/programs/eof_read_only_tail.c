/* group: eof */
/* The tail of a mapping that may not be written. */
#include "../harness.h"

static void look(const char *where, int flags)
{
	int fd = tagged_file(where, 10);
	char *p = mmap(NULL, 2 * P, PROT_READ, flags, fd, 0);

	NEED(p != MAP_FAILED);
	WRITE(p + P - 1);
	READ(p + P - 1);
	WRITE(p + 5);
	READ(p + P);
	CALL(mprotect(p, P, RW));
	WRITE(p + P - 1);
}

static void run(void)
{
	look(tmpfs(), MAP_SHARED);
	look(disk(), MAP_SHARED);
	look(tmpfs(), MAP_PRIVATE);
	look(disk(), MAP_PRIVATE);
}
