/* group: shm */
/* A mapping of a segment that is made to reach over its end faults there, and what is stored
 * in front of it stays. */
#include "../harness.h"
#include <sys/ipc.h>
#include <sys/shm.h>

static void run(void)
{
	int id = shmget(IPC_PRIVATE, 2 * P - 5, 0600);
	char *p = hole(16 * P), *q;
	struct shmid_ds d;

	NEED(id >= 0 && shmat(id, p, 0) == p);
	memset(p, 3, 2 * P);
	PAGES(p, 4);
	q = mremap(p, 2 * P, 4 * P, 0);
	say("in place: %s %s", q == p ? "yes" : "no", pages(p, 5));
	CALL(shmdt(p));
	NEED(shmctl(id, IPC_STAT, &d) == 0);
	say("detached: %s, size %s, attached %ld", pages(p, 5), d.shm_segsz == (size_t)(2 * P - 5) ? "as asked" : "ANOTHER",
	    (long)d.shm_nattch);
	NEED(shmat(id, p, 0) == p);
	CALL(remap_file_pages(p, P, 0, 1, 0));
	say("its second page twice: %s %d %d", pages(p, 3), byte(p), byte(p + P));
	CALL(remap_file_pages(p + P / 2, P, 0, 2, 0));
	say("what is behind its end: %s", pages(p, 3));
	CALL(remap_file_pages(p, P, 0, 0, 0));
	say("its first page: %s %d", pages(p, 3), byte(p + P - 1));
	q = mremap(p, 0, 5 * P, MREMAP_MAYMOVE);
	say("another: %s %d", q == MAP_FAILED ? "none" : pages(q, 5), byte(q + 2 * P - 1));
	CALL(shmdt(q));
	say("detached: %s", pages(q, 5));
	NEED(shmctl(id, IPC_RMID, NULL) == 0);
}
