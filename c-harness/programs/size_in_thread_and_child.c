/* group: size */
/* Threads and forked children see the same page size. */
#include "../harness.h"

static void *ask(void *size)
{
	*(long *)size = sysconf(_SC_PAGESIZE);
	return NULL;
}

static void child(void)
{
	CHECK(getpagesize() == P && sysconf(_SC_PAGESIZE) == P);
}

static void run(void)
{
	pthread_t thread;
	long size = 0;

	NEED(pthread_create(&thread, NULL, ask, &size) == 0);
	NEED(pthread_join(thread, NULL) == 0);
	CHECK(size == P);
	in_child(child);
}
