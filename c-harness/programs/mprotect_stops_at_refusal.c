/* group: mprotect */
/* A part that may not be made writable ends the call; what came before it is done. */
#include "../harness.h"

static void run(void)
{
	char path[4096];
	char *p = area(6 * P);

	snprintf(path, sizeof path, "%s/refuse.XXXXXX", tmpfs());
	int fd = mkstemp(path), ro = open(path, O_RDONLY);
	NEED(fd >= 0 && ro >= 0 && unlink(path) == 0 && ftruncate(fd, 2 * P) == 0);
	NEED(mmap(p, 6 * P, PROT_READ, ANON | MAP_FIXED, -1, 0) == p);
	NEED(mmap(p + 2 * P, 2 * P, PROT_READ, MAP_SHARED | MAP_FIXED, ro, 0) == p + 2 * P);
	CALL(mprotect(p, 6 * P, RW));
	PAGES(p, 6);
	CALL(mprotect(p + 4 * P, 2 * P, RW));
	CALL(mprotect(p + 2 * P, P, PROT_NONE));
	PAGES(p, 6);
}
