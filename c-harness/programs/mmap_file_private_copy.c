/* group: file */
/* A private mapping's writes stay in it. */
#include "../harness.h"

static void run(void)
{
	int fd = tagged_file(tmpfs(), 2 * P);
	char *p = mmap(NULL, 2 * P, RW, MAP_PRIVATE, fd, 0), b = 0;
	char *q = mmap(NULL, 2 * P, PROT_READ, MAP_SHARED, fd, 0);

	NEED(p != MAP_FAILED && q != MAP_FAILED);
	memset(p + P / 2, 99, P);
	HOLDS(q, 0, 2 * P);
	NEED(pread(fd, &b, 1, P) == 1);
	CHECK((unsigned char)b == tag(P));
	HOLDS(p, 0, P / 2);
	HOLDS(p + P + P / 2, P + P / 2, P / 2);
	SHOW(byte(p + P) + byte(p + P + P / 2 - 1));
}
