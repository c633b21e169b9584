/* group: special */
/* Flags that change nothing a program sees at once. */
#include "../harness.h"

static void run(void)
{
	int flags[] = { MAP_NORESERVE, MAP_STACK, MAP_POPULATE, MAP_POPULATE | MAP_NONBLOCK, MAP_DENYWRITE, MAP_EXECUTABLE };
	int fd = tagged_file(tmpfs(), 2 * P);

	for (unsigned i = 0; i < sizeof flags / sizeof *flags; i++) {
		char *p = hole(4 * P);
		NEED(mmap(p, P + 1, RW, ANON | MAP_FIXED | flags[i], -1, 0) == p);
		say("anonymous %u: %s, %d", i, pages(p, 4), byte(p + 2 * P - 1));
		char *q = mmap(NULL, 2 * P, RW, MAP_SHARED | flags[i], fd, 0);
		NEED(q != MAP_FAILED);
		say("file %u: %s", i, right_bytes(q, 0, 2 * P) == 2 * P ? "right" : "WRONG");
	}
}
