/* group: shm */
/* What a segment's size is, by its key, its status and its memory. */
#include "../harness.h"
#include <sys/shm.h>

static void size_of(const char *what, int id)
{
	struct shmid_ds ds;

	NEED(shmctl(id, IPC_STAT, &ds) == 0);
	say("%s: %ld P and %ld, mode %o", what, (long)ds.shm_segsz / P, (long)ds.shm_segsz % P,
	    ds.shm_perm.mode & 0777);
}

static void get(const char *what, key_t key, size_t size, int flags, int id)
{
	int got = shmget(key, size, flags);

	say("%s: %s", what, got == id ? "the segment" : got >= 0 ? "another" : error_name(errno));
}

static void run(void)
{
	key_t key = 0x50000000 + getpid();
	int id = shmget(key, P + 10, IPC_CREAT | IPC_EXCL | 0640);

	if (id < 0)
		SKIP("shmget: %s", error_name(errno));
	size_of("made", id);
	get("the same size", key, P + 10, 0, id);
	get("one byte more", key, P + 11, 0, id);
	get("one byte more, or made", key, P + 11, IPC_CREAT | 0600, id);
	get("two pages", key, 2 * P, 0, id);
	get("any size", key, 0, 0, id);
	get("a new one", key, 1, IPC_CREAT | IPC_EXCL | 0600, id);
	get("another key", key + 1, 1, 0, id);
	get("no size", IPC_PRIVATE, 0, IPC_CREAT | 0600, id);

	char *p = shmat(id, NULL, 0), *q = shmat(id, NULL, SHM_RDONLY);
	NEED(p != (void *)-1 && q != (void *)-1);
	CHECK((uintptr_t)p % P == 0 && (uintptr_t)q % P == 0);
	SHOW(extent(p, 2 * P, WRITE_ACCESS) / P);
	SHOW(extent(q, 2 * P, READ_ACCESS) / P);
	SHOW(extent(q, 2 * P, WRITE_ACCESS));
	SHOW(byte(p + 2 * P - 1));
	p[2 * P - 1] = 9;
	SHOW(byte(q + 2 * P - 1));
	/* a part of it without access does not keep it from being detached */
	NEED(mprotect(p + P, P, PROT_NONE) == 0);
	CALL(shmdt(p));
	PAGES(p, 2);
	SHOW(byte(q + 2 * P - 1));
	struct shmid_ds ds;
	NEED(shmctl(id, IPC_STAT, &ds) == 0);
	SHOW(ds.shm_nattch);
	CALL(shmctl(id, IPC_RMID, NULL));
	SHOW(byte(q + 2 * P - 1));
	CALL(munmap(q, 2 * P));
	errno = 0;
	CHECK(shmctl(id, IPC_STAT, &ds) == -1 && (errno == EINVAL || errno == EIDRM));

	int closed = shmget(IPC_PRIVATE, 100, IPC_CREAT | 0);
	NEED(closed >= 0);
	if (shmctl(closed, IPC_STAT, &ds) == 0)
		size_of("without rights", closed);
	NEED(shmctl(closed, IPC_RMID, NULL) == 0);
}
