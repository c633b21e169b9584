/* group: file */
/* A file mapped into the middle of an anonymous mapping, and memory back over it. */
#include "../harness.h"

static void run(void)
{
	int fd = tagged_file(tmpfs(), 4 * P);
	char *p = rw_area(6 * P);

	memset(p, 200, 6 * P);
	MAP(mmap(p + P, 4 * P, RW, MAP_SHARED | MAP_FIXED, fd, 0));
	HOLDS(p + P, 0, 4 * P);
	MAP(mmap(p + 2 * P, 2 * P, RW, ANON | MAP_FIXED, -1, 0));
	say("bytes: %d %d %d %d", byte(p + P - 1), byte(p + 2 * P), byte(p + 4 * P - 1), byte(p + 5 * P));
	HOLDS(p + P, 0, P);
	HOLDS(p + 4 * P, 3 * P, P);
	MAP(mmap(p + 2 * P, P, PROT_READ, MAP_PRIVATE | MAP_FIXED, fd, 3 * P));
	HOLDS(p + 2 * P, 3 * P, P);
	PAGES(p, 6);
}
