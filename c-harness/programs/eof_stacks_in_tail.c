/* group: eof */
/* Stacks whose upper end is the tail of a file: an alternate one, on which the kernel
 * stores a signal's frame, a thread's, a cloned process's. And numbers of threads and
 * processes that the kernel stores in a tail. */
#include "../harness.h"
#include <limits.h>
#include <sched.h>

#define PAGES_OF_STACK 32

static long size;
static int file;

/* A stack in a file that ends in its last page. (What is shared with a file on a disk may
 * be zeroed at any time.) */
static char *stack(int kind)
{
	size = PAGES_OF_STACK * P;
	file = new_file(kind & 1 ? disk() : tmpfs(), size - P + P / 4);
	char *p = mmap(NULL, size, RW, kind ? MAP_PRIVATE : MAP_SHARED, file, 0);
	NEED(p != MAP_FAILED);
	return p;
}

/* A tail that nobody has touched. */
static void *tail(void)
{
	int fd = new_file(tmpfs(), P / 4);
	char *p = mmap(NULL, P, RW, MAP_SHARED, fd, 0);
	NEED(p != MAP_FAILED && close(fd) == 0);
	return p + P / 2;
}

static volatile int handled, deep;
static char *low, *high;

static void handler(int number)
{
	char here[256];

	(void)number;
	memset(here, 1, sizeof here);
	handled += here[17] && here > low && here < high;
}

static void alternate(int kind)
{
	struct sigaction action = { .sa_handler = handler, .sa_flags = SA_ONSTACK };
	stack_t mine = { .ss_sp = stack(kind), .ss_size = (size_t)size }, none = { .ss_flags = SS_DISABLE };

	low = mine.ss_sp;
	high = low + size;
	NEED(sigaltstack(&mine, NULL) == 0 && sigaction(SIGUSR1, &action, NULL) == 0);
	handled = 0;
	raise(SIGUSR1);
	NEED(ftruncate(file, size) == 0);
	raise(SIGUSR1);
	NEED(ftruncate(file, size - P + P / 2) == 0);
	raise(SIGUSR1);
	NEED(ftruncate(file, size - P + P / 4) == 0);
	raise(SIGUSR1);
	say("%d: %d on the alternate stack", kind, handled);
	NEED(sigaltstack(&none, NULL) == 0);
	raise(SIGUSR1);
	say("%d: %d without it", kind, handled);
}

static void *thread(void *other)
{
	char here[256];

	memset(here, 2, sizeof here);
	*(volatile char *)other = 1;
	raise(SIGUSR1);
	return (void *)(long)(here[17] + *(volatile char *)other);
}

static void threads(int kind)
{
	pthread_attr_t attributes;
	pthread_t *made = tail();
	void *answer;

	low = stack(kind);
	high = low + size;
	handled = 0;
	signal(SIGUSR1, handler);
	pthread_attr_init(&attributes);
	NEED(pthread_attr_setstack(&attributes, low, (size_t)size) == 0);
	for (int i = 0; i < 3; i++) {
		NEED(pthread_create(made, &attributes, thread, tail()) == 0 && pthread_join(*made, &answer) == 0);
		say("%d: a thread answers %ld, %d handled", kind, (long)answer, handled);
	}
}

static int cloned(void *unused)
{
	char here[256];

	(void)unused;
	memset(here, 3, sizeof here);
	deep = here[17];
	return 7;
}

static void processes(int kind)
{
	pid_t *number = tail();
	int status;

	low = stack(kind);
	pid_t child = clone(cloned, low + size, CLONE_VM | CLONE_VFORK | CLONE_PARENT_SETTID | SIGCHLD, NULL, number);
	NEED(child > 0 && waitpid(child, &status, 0) == child);
	say("%d: a process ends with %d, its number is %s", kind, WEXITSTATUS(status), *number == child ? "right" : "WRONG");
}

static void run(void)
{
	if (PAGES_OF_STACK * P < PTHREAD_STACK_MIN)
		SKIP("stacks have to be larger here");
	for (int kind = 0; kind < 3; kind++) {
		alternate(kind);
		threads(kind);
		processes(kind);
	}
}
