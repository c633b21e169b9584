/* group: mmap */
#include "../harness.h"

static void run(void)
{
	int fd = tagged_file(tmpfs(), 2 * P);
	char *p = hole(4 * P);

	MAP(mmap(p, P, PROT_READ, MAP_SHARED | MAP_FIXED_NOREPLACE, fd, P));
	HOLDS(p, P, P);
	MAP(mmap(p, P, PROT_READ, MAP_SHARED | MAP_FIXED_NOREPLACE, fd, 0));
	HOLDS(p, P, P);
	/* both flags: the refusal wins */
	MAP(mmap(p, P, RW, ANON | MAP_FIXED | MAP_FIXED_NOREPLACE, -1, 0));
	HOLDS(p, P, P);
}
