/* group: thread; needs: glibc; only: 16K 64K; env: PAGESIM_STACK_MIN=128K */
/* Its twin asks for the minimum. */
#include "../harness.h"

static void *nothing(void *p) { return p; }

static void run(void)
{
	pthread_attr_t attr;
	pthread_t thread;
	long least = sysconf(_SC_THREAD_STACK_MIN);

	SHOW(least);
	NEED(pthread_attr_init(&attr) == 0);
	say("setstacksize: %s", error_name(pthread_attr_setstacksize(&attr, least < 65536 ? 65536 : least)));
	NEED(pthread_create(&thread, &attr, nothing, NULL) == 0 && pthread_join(thread, NULL) == 0);
}
