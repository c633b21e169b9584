/* group: fork */
/* _Fork, clone(3) on a stack of its own, clone, clone3 and fork by number, while threads
 * map: the child's mappings are its parent's, also the end of a file that was written
 * past before and grows in the child, at an address of the program's choice. */
#include "../harness.h"
#include <sched.h>

enum { THREADS = 3, ROUNDS = 12 };
static volatile int stop;
static char *mine, *file_at;
static int fd;

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
	char byte = 'g';

	if (mine[3 * P] != 7 || munmap(mine + P / 2, P) == 0 || munmap(mine + P, 1))
		return 1;
	if (mmap(mine + P, P, RW, ANON | MAP_FIXED_NOREPLACE, -1, 0) != mine + P)
		return 2;
	if (pwrite(fd, &byte, 1, P / 2 + 5) != 1 || file_at[P / 2 + 5] != 'g')
		return 3;
	if (file_at[P / 2 + 6] != 0 || munmap(file_at, 1))
		return 4;
	return mmap(file_at, P, RW, ANON | MAP_FIXED_NOREPLACE, -1, 0) == file_at ? 0 : 5;
}

static int on_own_stack(void *answer)
{
	*(int *)answer = child();
	return *(int *)answer;
}

static pid_t by_clone(void)
{
	static char stack[1 << 18] __attribute__((aligned(64)));
	int answer = 0;

	return clone(on_own_stack, stack + sizeof stack, SIGCHLD, &answer);
}

static pid_t by_number(void)
{
	return (pid_t)syscall(SYS_clone, (long)SIGCHLD, 0L, 0L, 0L, 0L);
}

static pid_t by_clone3(void)
{
	uint64_t arguments[8] = { 0, 0, 0, 0, SIGCHLD };

	return (pid_t)syscall(SYS_clone3, arguments, sizeof arguments);
}

static pid_t by_fork_number(void)
{
#ifdef SYS_fork
	return (pid_t)syscall(SYS_fork);
#else
	return by_number();
#endif
}

static void try(const char *name, pid_t (*start)(void))
{
	int first_bad = 0;

	for (int i = 0; i < ROUNDS && !first_bad; i++) {
		int status = -1;
		NEED(ftruncate(fd, 10) == 0);
		file_at[P / 2 + 7] = 1;
		errno = 77;
		pid_t pid = start();
		if (pid == 0)
			_exit(errno == 77 ? child() : 6);
		NEED(errno == 77 && pid > 0 && waitpid(pid, &status, 0) == pid);
		first_bad = status;
	}
	say("%s: %x", name, first_bad);
}

static void run(void)
{
	pthread_t thread[THREADS];
	char *at = (char *)0x300000000;
	long bad = 0;

	mine = rw_area(4 * P);
	mine[3 * P] = 7;
	fd = new_file(tmpfs(), 10);
	file_at = mmap(at, P, RW, MAP_SHARED | MAP_FIXED, fd, 0);
	NEED(file_at == at);
	for (int i = 0; i < THREADS; i++)
		NEED(pthread_create(&thread[i], NULL, work, NULL) == 0);
	try("fork", fork);
	try("_Fork", _Fork);
	try("clone(3)", by_clone);
	try("clone by number", by_number);
	try("clone3 by number", by_clone3);
	try("fork by number", by_fork_number);
	stop = 1;
	for (int i = 0; i < THREADS; i++) {
		void *result;
		NEED(pthread_join(thread[i], &result) == 0);
		bad += result != NULL;
	}
	SHOW(bad);
	CHECK(syscall(SYS_clone3, (void *)8, 64) == -1 && errno == EFAULT);
}
