/* group: fork */
/* The same by system calls that the C library does not see. */
#include "../harness.h"

enum { THREADS = 4, FORKS = 20 };
static volatile int stop;
static char *mine;

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
	if (mine[3 * P] != 7 || munmap(mine + P / 2, P) == 0 || munmap(mine + P, 1))
		return 1;
	if (mmap(mine, P, RW, ANON | MAP_FIXED_NOREPLACE, -1, 0) != MAP_FAILED)
		return 2;
	if (mmap(mine + P, P, RW, ANON | MAP_FIXED_NOREPLACE, -1, 0) != mine + P)
		return 3;
	for (int i = 0; i < 10; i++) {
		char *p = mmap(NULL, P + 1, RW, ANON, -1, 0);
		if (p == MAP_FAILED || (uintptr_t)p % P)
			return 4;
		p[2 * P - 1] = 1;
		if (mprotect(p, 1, PROT_READ) || munmap(p, 2 * P))
			return 5;
	}
	return 0;
}

static void run(void)
{
	pthread_t thread[THREADS];
	long good = 0, bad = 0;

	mine = rw_area(4 * P);
	mine[3 * P] = 7;
	for (int i = 0; i < THREADS; i++)
		NEED(pthread_create(&thread[i], NULL, work, NULL) == 0);
	for (int i = 0; i < FORKS; i++) {
		int status = -1;
		pid_t pid = (pid_t)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
		if (!pid)
			syscall(SYS_exit_group, child());
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
