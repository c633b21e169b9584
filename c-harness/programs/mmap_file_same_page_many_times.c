/* group: file */
/* One page of a file in 64 places, fixed, one beside the other. */
#include "../harness.h"

static void run(void)
{
	int fd = tagged_file(tmpfs(), 2 * P), same = 0;
	char *p = area(64 * P);

	for (long i = 0; i < 64; i++)
		NEED(mmap(p + i * P, P, RW, MAP_SHARED | MAP_FIXED, fd, P) == p + i * P);
	p[17 * P + 9] = 55;
	for (long i = 0; i < 64; i++)
		same += p[i * P + 9] == 55 && right_bytes(p + i * P + 16, P + 16, P / 16 - 16) == P / 16 - 16;
	SHOW(same);
	CALL(mprotect(p + 3 * P, 1, PROT_NONE));
	CALL(munmap(p + 5 * P, 1));
	PAGES(p, 8);
}
