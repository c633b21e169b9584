/* group: thread */
/* Eight threads change pages that lie beside each other's in one mapping. */
#include "../harness.h"

enum { THREADS = 8, ROUNDS = 800 };
static char *all;

static void *work(void *number)
{
	long me = (long)number, bad = 0;

	for (int i = 0; i < ROUNDS; i++) {
		char *p = all + (i % 8 * THREADS + me) * P;
		bad += mprotect(p, 1, RW) != 0;
		*(volatile char *)p = (char)(me + 1);
		bad += *(volatile char *)(p + P - 1) != 0;
		bad += mprotect(p, P, PROT_READ) != 0;
		bad += *(volatile char *)p != me + 1;
		if (i % 3 == 0)
			bad += munmap(p, 1) != 0 || mmap(p, P, PROT_READ, ANON | MAP_FIXED_NOREPLACE, -1, 0) != p;
	}
	return (void *)bad;
}

static void run(void)
{
	pthread_t thread[THREADS];
	long bad = 0;

	all = area(64 * P);
	NEED(mprotect(all, 64 * P, PROT_READ) == 0);
	for (long i = 0; i < THREADS; i++)
		NEED(pthread_create(&thread[i], NULL, work, (void *)i) == 0);
	for (int i = 0; i < THREADS; i++) {
		void *result;
		NEED(pthread_join(thread[i], &result) == 0);
		bad += (long)result;
	}
	SHOW(bad);
	PAGES(all, 64);
}
