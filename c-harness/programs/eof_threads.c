/* group: eof */
/* Threads that touch the same tail at once, while another grows and cuts the file. */
#include "../harness.h"

#define THREADS 6
#define ROUNDS 200

static char *map;
static int fd;
static pthread_barrier_t gate;
static volatile long wrong;

static void *toucher(void *argument)
{
	long me = (long)(intptr_t)argument;

	for (int round = 0; round < ROUNDS; round++) {
		pthread_barrier_wait(&gate);
		/* everybody at another place of the tail, each at its own byte */
		char *mine = map + P / 2 + me * (P / 16) + 5;
		if (*(volatile char *)mine)
			__atomic_fetch_add(&wrong, 1, __ATOMIC_RELAXED);
		*(volatile char *)mine = (char)(me + 1);
		if (*(volatile char *)mine != me + 1)
			__atomic_fetch_add(&wrong, 1, __ATOMIC_RELAXED);
		pthread_barrier_wait(&gate);
	}
	return NULL;
}

static void ask(const char *name, const char *where, int kind)
{
	pthread_t threads[THREADS];

	wrong = 0;
	fd = new_file(where, P / 2);
	NEED(pthread_barrier_init(&gate, NULL, THREADS + 1) == 0);
	for (long i = 0; i < THREADS; i++)
		NEED(pthread_create(threads + i, NULL, toucher, (void *)(intptr_t)i) == 0);
	for (int round = 0; round < ROUNDS; round++) {
		map = mmap(NULL, 2 * P, RW, kind, fd, 0);
		NEED(map != MAP_FAILED);
		pthread_barrier_wait(&gate);
		pthread_barrier_wait(&gate);
		NEED(munmap(map, 2 * P) == 0);
		NEED(ftruncate(fd, 0) == 0);
		NEED(ftruncate(fd, P / 2) == 0);
	}
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	close(fd);
	say("%s: %ld wrong", name, wrong);
}

static void run(void)
{
	ask("tmpfs shared", tmpfs(), MAP_SHARED);
	ask("disk shared", disk(), MAP_SHARED);
	ask("tmpfs private", tmpfs(), MAP_PRIVATE);
	ask("disk private", disk(), MAP_PRIVATE);
}
