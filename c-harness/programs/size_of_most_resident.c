/* group: size */
/* The most that was ever resident is told in whole pages. */
#include "../harness.h"

/* Counters are kept by processor and may lag. */
static void look(const char *how, const struct rusage *usage)
{
	say("%s: %s, %s", how, usage->ru_maxrss * 1024 % P ? "NO" : "whole pages",
	    usage->ru_maxrss * 1024 >= 100 * P ? "about what was touched" : "less");
}

static void run(void)
{
	struct rusage usage;
	char *p = rw_area(200 * P);

	memset(p, 1, 200 * P);
	CALL(getrusage(RUSAGE_SELF, &usage));
	look("getrusage", &usage);
	CALL(syscall(SYS_getrusage, RUSAGE_SELF, &usage));
	look("by number", &usage);
	CALL(getrusage(12345, &usage));
}
