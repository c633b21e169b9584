/* group: shm */
/* A System V segment comes in pages; it is attached at multiples of a page. */
#include "../harness.h"
#include <sys/shm.h>

static void attach(const char *what, int id, char *base, long at, int flags)
{
	char *q = shmat(id, base + at, flags);

	if (q == (void *)-1)
		say("%s: %s", what, error_name(errno));
	else
		say("%s: at %+ld P and %ld; %s", what, (long)(q - base) / P, (long)(q - base) % P, pages(base, 8));
	if (q != (void *)-1)
		NEED(shmdt(q) == 0);
}

static void run(void)
{
	int id = shmget(IPC_PRIVATE, P + 1, IPC_CREAT | 0600);
	struct shmid_ds ds;

	if (id < 0)
		SKIP("shmget: %s", error_name(errno));
	char *p = hole(8 * P);
	NEED(shmctl(id, IPC_STAT, &ds) == 0);
	say("size: %+ld from a page", (long)ds.shm_segsz - P);
	attach("aligned", id, p, P, 0);
	attach("aligned, read only", id, p, 2 * P, SHM_RDONLY);
	attach("half a page on", id, p, P + P / 2, 0);
	attach("one byte on", id, p, P + 1, 0);
	attach("half a page on, rounded", id, p, P + P / 2, SHM_RND);
	attach("a byte before a page, rounded", id, p, 2 * P - 1, SHM_RND);
	NEED(mmap(p + 2 * P, P, RW, ANON | MAP_FIXED, -1, 0) == p + 2 * P);
	attach("over a mapping", id, p, P, 0);
	attach("over a mapping, replacing it", id, p, P, SHM_REMAP);
	PAGES(p, 8);
	CALL(shmdt(p + P / 2));
	CALL(shmdt(p));
	NEED(shmctl(id, IPC_RMID, NULL) == 0);
}
