/* group: proc */
/* smaps: page sizes, and what a touched page costs. */
#include "../harness.h"

static long field(char *p, const char *name)
{
	FILE *f = fopen("/proc/self/smaps", "r");
	char line[512];
	unsigned long from, to;
	long value = -1;
	int here = 0;

	while (f && fgets(line, sizeof line, f))
		if (sscanf(line, "%lx-%lx ", &from, &to) == 2)
			here = (uintptr_t)p >= from && (uintptr_t)p < to;
		else if (here && !strncmp(line, name, strlen(name)) && line[strlen(name)] == ':')
			value = atol(line + strlen(name) + 1);
	if (f)
		fclose(f);
	return value;
}

static void run(void)
{
	char *p = rw_area(16 * P);

	madvise(p, 16 * P, MADV_NOHUGEPAGE);
	say("KernelPageSize: %ld P", field(p, "KernelPageSize") * 1024 / P);
	say("MMUPageSize: %ld P", field(p, "MMUPageSize") * 1024 / P);
	say("Size: %ld P", field(p, "Size") * 1024 / P);
	say("Rss: %ld P", field(p, "Rss") * 1024 / P);
	p[3 * P + 5] = p[7 * P] = 1;
	say("Rss: %ld P", field(p, "Rss") * 1024 / P);
	say("of the stack: %ld P", field((char *)&p, "KernelPageSize") * 1024 / P);
}
