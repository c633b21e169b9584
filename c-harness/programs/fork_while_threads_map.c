/* group: fork */
/* Forks while eight threads map: each child can map and unmap at once. */
#include "../harness.h"

enum { THREADS = 8, FORKS = 30 };
static volatile int stop;

static void *work(void *unused)
{
	while (!stop) {
		char *p = mmap(NULL, 3 * P, RW, ANON, -1, 0);
		if (p == MAP_FAILED || mprotect(p, 1, PROT_READ) || munmap(p, 3 * P))
			return (void *)1;
	}
	return unused;
}

static int child(void)
{
	for (int i = 0; i < 20; i++) {
		char *p = mmap(NULL, 2 * P + 1, RW, ANON, -1, 0);
		if (p == MAP_FAILED || (uintptr_t)p % P)
			return 1;
		p[3 * P - 1] = 1;
		if (mprotect(p + P, 1, PROT_NONE) || munmap(p + P / 2, P) == 0 || munmap(p, 3 * P))
			return 2;
	}
	return 0;
}

static void run(void)
{
	pthread_t thread[THREADS];
	long good = 0, bad = 0;

	for (int i = 0; i < THREADS; i++)
		NEED(pthread_create(&thread[i], NULL, work, NULL) == 0);
	for (int i = 0; i < FORKS; i++) {
		int status = -1;
		pid_t pid = fork();
		if (!pid)
			_exit(child());
		NEED(pid > 0 && waitpid(pid, &status, 0) == pid);
		good += status == 0;
	}
	stop = 1;
	for (int i = 0; i < THREADS; i++) {
		void *result;
		NEED(pthread_join(thread[i], &result) == 0);
		bad += result != NULL;
	}
	SHOW(good);
	SHOW(bad);
}
