/* group: file */
/* What a descriptor's access mode lets be mapped. */
#include "../harness.h"

static void run(void)
{
	char path[4096];

	snprintf(path, sizeof path, "%s/modes.XXXXXX", tmpfs());
	int fd = mkstemp(path), ro = open(path, O_RDONLY), wo = open(path, O_WRONLY);
	NEED(fd >= 0 && ro >= 0 && wo >= 0 && unlink(path) == 0 && ftruncate(fd, P) == 0);
	MAP(mmap(NULL, P, PROT_READ, MAP_SHARED, ro, 0));
	MAP(mmap(NULL, P, RW, MAP_SHARED, ro, 0));
	MAP(mmap(NULL, P, RW, MAP_PRIVATE, ro, 0));
	MAP(mmap(NULL, P, PROT_WRITE, MAP_SHARED, ro, 0));
	MAP(mmap(NULL, P, PROT_READ, MAP_SHARED, wo, 0));
	MAP(mmap(NULL, P, PROT_WRITE, MAP_SHARED, wo, 0));
	MAP(mmap(NULL, P, PROT_NONE, MAP_PRIVATE, wo, 0));
	char *p = mmap(NULL, P, PROT_READ, MAP_SHARED, ro, 0);
	CALL(mprotect(p, P, RW));
	CALL(mprotect(p, 1, PROT_WRITE));
	CALL(mprotect(p, P, PROT_NONE));
	CALL(mprotect(p, P, PROT_READ));
	char *q = mmap(NULL, P, PROT_READ, MAP_PRIVATE, ro, 0);
	CALL(mprotect(q, P, RW));
	PAGES(p, 1);
	PAGES(q, 1);
}
