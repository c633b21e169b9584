/* group: thread */
/* Eight threads map, protect and unmap at once, each in places of its own. */
#include "../harness.h"

enum { THREADS = 8, ROUNDS = 1500 };

static void *work(void *mark)
{
	long bad = 0;

	for (int i = 0; i < ROUNDS; i++) {
		long n = (1 + i % 5) * P;
		char *p = mmap(NULL, n, RW, ANON, -1, 0);
		if (p == MAP_FAILED)
			return (void *)-1L;
		bad += p[0] != 0 || p[n - 1] != 0 || (uintptr_t)p % P;
		memset(p, (int)(long)mark, n);
		bad += mprotect(p, 1, PROT_READ) != 0;
		bad += p[0] != (char)(long)mark || p[n - 1] != (char)(long)mark;
		bad += munmap(p, n) != 0;
	}
	return (void *)bad;
}

static void run(void)
{
	pthread_t thread[THREADS];
	long bad = 0;

	for (long i = 0; i < THREADS; i++)
		NEED(pthread_create(&thread[i], NULL, work, (void *)(i + 1)) == 0);
	for (int i = 0; i < THREADS; i++) {
		void *result;
		NEED(pthread_join(thread[i], &result) == 0);
		bad += (long)result;
	}
	SHOW(bad);
}
