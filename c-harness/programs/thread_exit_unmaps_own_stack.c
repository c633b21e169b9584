/* group: thread */
/* Threads on stacks that the program mapped, with a guard of a page. */
#include "../harness.h"

static void *deep(void *result)
{
	volatile char room[2048];

	memset((char *)room, 1, sizeof room);
	*(long *)result = room[100];
	return NULL;
}

static void run(void)
{
	long n = 4 * MIB, done = 0;

	for (int i = 0; i < 10; i++) {
		pthread_t thread;
		pthread_attr_t attr;
		long result = 0;
		char *stack = mmap(NULL, n, RW, ANON | MAP_STACK | MAP_NORESERVE, -1, 0);
		NEED(stack != MAP_FAILED && mprotect(stack, P, PROT_NONE) == 0);
		NEED(pthread_attr_init(&attr) == 0 && pthread_attr_setstack(&attr, stack + P, n - P) == 0);
		NEED(pthread_create(&thread, &attr, deep, &result) == 0 && pthread_join(thread, NULL) == 0);
		done += result;
		NEED(munmap(stack, n) == 0);
	}
	SHOW(done);
}
