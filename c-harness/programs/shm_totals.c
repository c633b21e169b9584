/* group: shm */
/* The sum of all segments, in pages. Needs a list of segments of its own. */
#include "../harness.h"
#include <sched.h>
#include <sys/shm.h>

#ifndef SHM_INFO
#define SHM_INFO 14
#endif

struct totals {
	int used;
	unsigned long all, resident, swapped, more[2];
};

static void totals(const char *when)
{
	struct totals info;

	NEED(shmctl(0, SHM_INFO, (void *)&info) >= 0);
	say("%s: %d segments, %lu pages, %lu resident", when, info.used, info.all, info.resident);
}

static void run(void)
{
	int ids[20];

	if (syscall(SYS_unshare, CLONE_NEWIPC))
		SKIP("no list of its own: %s", error_name(errno));
	totals("none");
	for (int i = 0; i < 20; i++) {
		ids[i] = shmget(IPC_PRIVATE, (size_t)(i + 1), IPC_CREAT | 0600);
		NEED(ids[i] >= 0);
	}
	totals("small ones");
	shmctl(ids[3], IPC_RMID, NULL);
	totals("without one");
	ids[3] = shmget(IPC_PRIVATE, (size_t)(3 * P + 1), IPC_CREAT | 0600);
	totals("and a larger one");
	for (int i = 0; i < 20; i++)
		shmctl(ids[i], IPC_RMID, NULL);
	totals("none again");
	int id = shmget(IPC_PRIVATE, (size_t)(5 * P), IPC_CREAT | 0600);
	char *p = shmat(id, NULL, 0);
	NEED(p != (void *)-1);
	memset(p, 1, (size_t)(3 * P));
	totals("three of five pages used");
	shmctl(id, IPC_RMID, NULL);
}
