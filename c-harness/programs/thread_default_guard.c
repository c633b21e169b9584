/* group: thread; needs: glibc */
/* A thread's guard is a page by default; other sizes are rounded up to pages. */
#include "../harness.h"

static void *ask(void *unused)
{
	pthread_attr_t attr;
	size_t guard = 0;

	(void)unused;
	NEED(pthread_getattr_np(pthread_self(), &attr) == 0);
	NEED(pthread_attr_getguardsize(&attr, &guard) == 0);
	say("guard of the thread: %zu P and %zu", guard / P, guard % P);
	return NULL;
}

static void run(void)
{
	pthread_attr_t attr;
	pthread_t thread;
	size_t guard = 0;

	NEED(pthread_attr_init(&attr) == 0 && pthread_attr_getguardsize(&attr, &guard) == 0);
	say("default: %zu P", guard / P);
	NEED(pthread_create(&thread, &attr, ask, NULL) == 0 && pthread_join(thread, NULL) == 0);
	NEED(pthread_attr_setguardsize(&attr, 1) == 0 && pthread_attr_setstacksize(&attr, 2 * MIB) == 0);
	NEED(pthread_create(&thread, &attr, ask, NULL) == 0 && pthread_join(thread, NULL) == 0);
	NEED(pthread_attr_setguardsize(&attr, P + 1) == 0 && pthread_attr_setstacksize(&attr, 3 * MIB) == 0);
	NEED(pthread_create(&thread, &attr, ask, NULL) == 0 && pthread_join(thread, NULL) == 0);
}
