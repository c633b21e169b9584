/* group: shm */
/* Detaching takes what is left of a segment, also when its first pages are gone or other
 * mappings lie between, and leaves nothing in the way of what is mapped then. */
#include "../harness.h"
#include <sys/ipc.h>
#include <sys/shm.h>

static char *attach(int id, char *p, int flags)
{
	char *at = shmat(id, p, flags);

	NEED(at != (char *)-1);
	return at;
}

static long attached(int id)
{
	struct shmid_ds d;

	NEED(shmctl(id, IPC_STAT, &d) == 0);
	return (long)d.shm_nattch;
}

/* Whether n pages can be had at p by asking for it. */
static const char *has_room(char *p, long n)
{
	char *q = mmap(p, n * P, RW, ANON, -1, 0);

	NEED(q != MAP_FAILED && munmap(q, n * P) == 0);
	return q == p ? "room" : "elsewhere";
}

static void run(void)
{
	int a = shmget(IPC_PRIVATE, 8 * P, 0600), b = shmget(IPC_PRIVATE, 2 * P, 0600);
	char *p = hole(16 * P);

	NEED(a >= 0 && b >= 0);
	attach(a, p, 0);
	NEED(munmap(p, P) == 0);
	CALL(shmdt(p));
	say("without its first page: %s %ld %s", pages(p, 9), attached(a), has_room(p, 9));

	attach(a, p, 0);
	NEED(munmap(p, 2 * P) == 0);
	NEED(mmap(p + 4 * P, P, RW, ANON | MAP_FIXED, -1, 0) == p + 4 * P);
	attach(b, p + 6 * P, SHM_REMAP);
	CALL(shmdt(p));
	say("in pieces: %s %ld %ld", pages(p, 9), attached(a), attached(b));
	say("room in front %s, between %s, behind %s", has_room(p, 4), has_room(p + 5 * P, 1), has_room(p + 8 * P, 1));
	CALL(shmdt(p + 5 * P));
	CALL(shmdt(p + 6 * P));
	NEED(munmap(p + 4 * P, P) == 0);
	say("then: %s %ld %s", pages(p, 9), attached(b), has_room(p, 9));

	attach(a, p + P, 0);
	attach(b, p, SHM_REMAP);
	CALL(shmdt(p + P));
	say("its first page is another's: %s %ld %ld", pages(p, 9), attached(a), attached(b));
	CALL(shmdt(p));
	say("then: %s %s", pages(p, 9), has_room(p, 9));

	attach(a, p, 0);
	attach(a, p + 8 * P, 0);
	CALL(shmdt(p));
	say("twice, one behind the other: %s %ld", pages(p, 16), attached(a));
	CALL(shmdt(p + 8 * P));
	say("then: %s %ld %s", pages(p, 16), attached(a), has_room(p, 16));
	CALL(shmdt(p));
	NEED(shmctl(a, IPC_RMID, NULL) == 0 && shmctl(b, IPC_RMID, NULL) == 0);
}
