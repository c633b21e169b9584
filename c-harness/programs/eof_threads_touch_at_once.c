/* group: eof */
/* Eight threads touch the same tail at the same moment, many times. */
#include "../harness.h"

enum { THREADS = 8, ROUNDS = 60 };
static pthread_barrier_t barrier;
static char *volatile map;

static void *work(void *number)
{
	long me = (long)number, bad = 0;

	for (int i = 0; i < ROUNDS; i++) {
		pthread_barrier_wait(&barrier);
		char *at = map + P / 2 + 16 * me;
		bad += *at != 0;
		*at = (char)(me + 1);
		pthread_barrier_wait(&barrier);
		for (int j = 0; j < THREADS; j++)
			bad += map[P / 2 + 16 * j] != j + 1;
		pthread_barrier_wait(&barrier);
	}
	return (void *)bad;
}

static void run(void)
{
	pthread_t thread[THREADS];
	long bad = 0;

	NEED(pthread_barrier_init(&barrier, NULL, THREADS + 1) == 0);
	for (long i = 0; i < THREADS; i++)
		NEED(pthread_create(&thread[i], NULL, work, (void *)i) == 0);
	for (int i = 0; i < ROUNDS; i++) {
		int fd = new_file(i % 2 ? disk() : tmpfs(), 10);
		map = mmap(NULL, P, RW, MAP_SHARED, fd, 0);
		NEED(map != MAP_FAILED);
		pthread_barrier_wait(&barrier);
		pthread_barrier_wait(&barrier);
		pthread_barrier_wait(&barrier);
		NEED(munmap(map, P) == 0 && close(fd) == 0);
	}
	for (int i = 0; i < THREADS; i++) {
		void *result;
		NEED(pthread_join(thread[i], &result) == 0);
		bad += (long)result;
	}
	SHOW(bad);
}
