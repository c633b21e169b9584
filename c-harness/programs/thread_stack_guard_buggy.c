/* group: thread */
/* A thread's stack made by the program, its guard 4096 bytes (naemon-livestatus). */
#include "../harness.h"

static void *nothing(void *p) { return p; }

static void run(void)
{
	pthread_attr_t attr;
	pthread_t thread;
	long n = MIB;
	char *p = mmap(NULL, n + 4096, RW, ANON | MAP_STACK, -1, 0);

	NEED(p != MAP_FAILED && pthread_attr_init(&attr) == 0);
	CALL(mprotect(p, 4096, PROT_NONE));
	say("setstack: %s", error_name(pthread_attr_setstack(&attr, p + 4096, n)));
	NEED(pthread_create(&thread, &attr, nothing, NULL) == 0 && pthread_join(thread, NULL) == 0);
	WRITE(p + 4096);
}
