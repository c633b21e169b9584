/* group: thread; needs: glibc; only: 16K 64K; env: PAGESIM_STACK_MIN=128K */
/* A thread's stack of 64K, below the minimum of arm64 and ppc64 (synce4l, OpenAvnu). */
#include "../harness.h"

static void *nothing(void *p) { return p; }

static void run(void)
{
	pthread_attr_t attr;
	pthread_t thread;

	NEED(pthread_attr_init(&attr) == 0);
	say("setstacksize: %s", error_name(pthread_attr_setstacksize(&attr, 65536)));
	say("setstacksize: %s", error_name(pthread_attr_setstacksize(&attr, 16384)));
	char *stack = mmap(NULL, MIB, RW, ANON | MAP_STACK, -1, 0);
	say("setstack: %s", error_name(pthread_attr_setstack(&attr, stack, 65536)));
	NEED(pthread_create(&thread, &attr, nothing, NULL) == 0 && pthread_join(thread, NULL) == 0);
}
