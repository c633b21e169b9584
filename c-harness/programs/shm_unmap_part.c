/* group: shm */
/* munmap of one byte of a segment takes its page. */
#include "../harness.h"
#include <sys/shm.h>

static void run(void)
{
	int id = shmget(IPC_PRIVATE, 2 * P, IPC_CREAT | 0600);

	if (id < 0)
		SKIP("shmget: %s", error_name(errno));
	char *p = hole(4 * P);
	NEED(shmat(id, p, 0) == p);
	CALL(munmap(p, 1));
	PAGES(p, 4);
	CALL(munmap(p + P, 1));
	PAGES(p, 4);
	NEED(shmctl(id, IPC_RMID, NULL) == 0);
}
