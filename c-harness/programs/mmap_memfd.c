/* group: file */
#include "../harness.h"

static void run(void)
{
	int fd = memfd_create("harness", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	NEED(fd >= 0 && ftruncate(fd, 4 * P) == 0);
	MAP(mmap(NULL, P, RW, MAP_SHARED, fd, P / 2));
	char *p = mmap(NULL, 4 * P, RW, MAP_SHARED, fd, 0);
	NEED(p != MAP_FAILED);
	fill(p, 4 * P);
	char *q = mmap(NULL, P, PROT_READ, MAP_SHARED, fd, 3 * P);
	NEED(q != MAP_FAILED);
	HOLDS(q, 3 * P, P);
	CALL(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE));
	NEED(munmap(p, 4 * P) == 0);
	CALL(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE));
	NEED(munmap(q, P) == 0);
	CALL(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE));
	MAP(mmap(NULL, P, RW, MAP_SHARED, fd, 0));
	MAP(mmap(NULL, P, RW, MAP_PRIVATE, fd, 0));
	MAP(mmap(NULL, P, PROT_READ, MAP_SHARED, fd, P));
}
