/* group: shm */
/* Parent and child share a segment; POSIX shared memory the same. */
#include "../harness.h"
#include <sys/shm.h>

static char *p, *q;

static void child(void)
{
	p[P] = 3;
	q[P + 5] = 4;
	CALL(munmap(q, 1));
	CALL(shmdt(p));
}

static void run(void)
{
	char name[64];
	int id = shmget(IPC_PRIVATE, 2 * P, IPC_CREAT | 0600);

	snprintf(name, sizeof name, "/harness.%d", (int)getpid());
	int fd = shm_open(name, O_RDWR | O_CREAT | O_EXCL, 0600);
	if (id < 0 || fd < 0)
		SKIP("shared memory: %s", error_name(errno));
	NEED(shm_unlink(name) == 0 && ftruncate(fd, 2 * P) == 0);
	p = shmat(id, NULL, 0);
	q = mmap(NULL, 2 * P, RW, MAP_SHARED, fd, 0);
	NEED(p != (void *)-1 && q != MAP_FAILED && shmctl(id, IPC_RMID, NULL) == 0);
	CHECK((uintptr_t)p % P == 0);
	in_child(child);
	say("%d %d", p[P], q[P + 5]);
	PAGES(p, 2);
	PAGES(q, 2);
	CALL(shmdt(p));
}
