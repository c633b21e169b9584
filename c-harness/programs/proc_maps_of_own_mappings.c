/* group: proc */
/* The program's own mappings appear in maps with their rounded ends. */
#include "../harness.h"

static void run(void)
{
	FILE *f;
	char *p = hole(8 * P), line[512], protection[8];
	unsigned long from, to;

	NEED(mmap(p + P, P + 1, RW, ANON | MAP_FIXED, -1, 0) == p + P);
	NEED(mmap(p + 4 * P, 2 * P, PROT_READ, ANON | MAP_FIXED, -1, 0) == p + 4 * P);
	NEED((f = fopen("/proc/self/maps", "r")) != NULL);
	while (fgets(line, sizeof line, f))
		if (sscanf(line, "%lx-%lx %7s", &from, &to, protection) == 3 && from >= (uintptr_t)p && to <= (uintptr_t)p + 8 * P)
			say("from %ld P to %ld P, rest %ld: %s", (long)(from - (uintptr_t)p) / P, (long)(to - (uintptr_t)p) / P,
			    (long)((from | to) % P), protection);
}
