/* group: thread */
/* Its twin adds a page, and begins behind it. */
#include "../harness.h"

static void *nothing(void *p) { return p; }

static void run(void)
{
	pthread_attr_t attr;
	pthread_t thread;
	long n = MIB;
	char *p = mmap(NULL, n + P, RW, ANON | MAP_STACK, -1, 0);

	NEED(p != MAP_FAILED && pthread_attr_init(&attr) == 0);
	CALL(mprotect(p, P, PROT_NONE));
	say("setstack: %s", error_name(pthread_attr_setstack(&attr, p + P, n)));
	NEED(pthread_create(&thread, &attr, nothing, NULL) == 0 && pthread_join(thread, NULL) == 0);
	WRITE(p + P);
	WRITE(p + P - 1);
}
