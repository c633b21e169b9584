/* group: proc */
/* Its twin asks for the page size. */
#include "../harness.h"

static void run(void)
{
	long size = -1;
	char *large = mmap(NULL, 8192 * P, PROT_NONE, ANON | MAP_NORESERVE, -1, 0);
	FILE *f = fopen("/proc/self/statm", "r");

	NEED(large != MAP_FAILED && f && fscanf(f, "%ld", &size) == 1);
	double right = (double)proc_field("/proc/self/status", "VmSize") * 1024;
	say("factor by which it is too small: %.0f", right / ((double)size * (double)sysconf(_SC_PAGESIZE)));
}
