/* group: shm */
/* Its twin makes the buffer a whole number of pages. */
#include "../harness.h"
#include <sys/shm.h>

static void run(void)
{
	int id = shmget(IPC_PRIVATE, P, IPC_CREAT | 0600);

	if (id < 0)
		SKIP("shmget: %s", error_name(errno));
	char *p = hole(4 * P);
	NEED(shmat(id, p, 0) == p && shmat(id, p + P, 0) == p + P);
	p[P - 1] = 5;
	SHOW(p[2 * P - 1]);
	PAGES(p, 4);
	CALL(shmdt(p + P));
	CALL(shmdt(p));
	NEED(shmctl(id, IPC_RMID, NULL) == 0);
}
