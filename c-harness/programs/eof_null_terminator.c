/* group: eof */
/* A reader that wants a zero behind the text trusts the tail, unless the size is a
 * multiple of a page (LLVM). */
#include "../harness.h"

static void run(void)
{
	long sizes[] = { P / 2, P, P + 1, 2 * P - 1 };

	for (int i = 0; i < 4; i++) {
		int fd = tagged_file(i % 2 ? disk() : tmpfs(), sizes[i]);
		char *p = mmap(NULL, sizes[i], PROT_READ, MAP_PRIVATE, fd, 0);
		NEED(p != MAP_FAILED);
		if (sizes[i] % P == 0)
			say("a copy");
		else
			say("the byte behind the end: %d", byte(p + sizes[i]));
	}
}
