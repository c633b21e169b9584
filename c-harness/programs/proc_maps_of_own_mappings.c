/* group: proc */
/* The program's own mappings appear in maps with their rounded ends. */
#include "../harness.h"

static void run(void)
{
	/* without stdio, whose buffer may be a mapping, too */
	static char text[1 << 16];
	char *p = hole(8 * P), protection[8];
	long length = 0, got;
	unsigned long from, to;

	NEED(mmap(p + P, P + 1, RW, ANON | MAP_FIXED, -1, 0) == p + P);
	NEED(mmap(p + 4 * P, 2 * P, PROT_READ, ANON | MAP_FIXED, -1, 0) == p + 4 * P);
	int fd = open("/proc/self/maps", O_RDONLY);
	NEED(fd >= 0);
	while ((got = read(fd, text + length, sizeof text - 1 - length)) > 0)
		length += got;
	for (char *line = text; line; line = strchr(line, '\n'), line += line != NULL)
		if (sscanf(line, "%lx-%lx %7s", &from, &to, protection) == 3 && from >= (uintptr_t)p && to <= (uintptr_t)p + 8 * P)
			say("from %ld P to %ld P, rest %ld: %s", (long)(from - (uintptr_t)p) / P, (long)(to - (uintptr_t)p) / P,
			    (long)((from | to) % P), protection);
}
