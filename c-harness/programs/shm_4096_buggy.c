/* group: shm */
/* A buffer attached twice, 4096 bytes apart (gnuradio). */
#include "../harness.h"
#include <sys/shm.h>

static void run(void)
{
	int id = shmget(IPC_PRIVATE, 4096, IPC_CREAT | 0600);

	if (id < 0)
		SKIP("shmget: %s", error_name(errno));
	char *p = hole(4 * P);
	char *first = shmat(id, p, 0), *second = shmat(id, p + 4096, 0);
	say("first: %s", first == p ? "there" : "no");
	say("second: %s", second == p + 4096 ? "there" : error_name(errno));
	NEED(shmctl(id, IPC_RMID, NULL) == 0);
}
