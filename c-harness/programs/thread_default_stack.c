/* group: thread; needs: glibc */
/* A thread's stack is as large as RLIMIT_STACK by default, in whole pages. */
#include "../harness.h"

static void run(void)
{
	pthread_attr_t attr;
	size_t size = 0;

	if (arg_count == 1) {
		struct rlimit limit;
		NEED(getrlimit(RLIMIT_STACK, &limit) == 0);
		limit.rlim_cur = (rlim_t)(MIB + P / 16);
		NEED(setrlimit(RLIMIT_STACK, &limit) == 0);
		execl("/proc/self/exe", args[0], "again", NULL);
		NEED(0);
	}
	NEED(pthread_attr_init(&attr) == 0 && pthread_attr_getstacksize(&attr, &size) == 0);
	say("default: 1M and %zu/16 P", (size - MIB) * 16 / P);
	NEED(pthread_getattr_default_np(&attr) == 0 && pthread_attr_getstacksize(&attr, &size) == 0);
	say("the same: 1M and %zu/16 P", (size - MIB) * 16 / P);
}
