/* group: brk */
/* A break that is lowered below a mapping of a file takes that along, and what lay past the
 * end of the file does not come back. */
#include "../harness.h"

static char *move(char *to) { return (char *)syscall(SYS_brk, to); }

static void run(void)
{
	int fd = tagged_file(tmpfs(), P / 4);
	char *heap = (char *)(((uintptr_t)move(NULL) + P - 1) & ~(uintptr_t)(P - 1));

	NEED(move(heap + 8 * P) == heap + 8 * P);
	NEED(mmap(heap + 4 * P, P, RW, MAP_SHARED | MAP_FIXED, fd, 0) == heap + 4 * P);
	heap[5 * P - 1] = 1;
	PAGES(heap, 9);
	say("lowered: %s", move(heap + 3 * P) == heap + 3 * P ? "yes" : "no");
	PAGES(heap, 9);
	char *p = mmap(NULL, P, RW, MAP_SHARED, fd, 0);
	NEED(p != MAP_FAILED);
	PAGES(heap, 9);
	NEED(ftruncate(fd, P) == 0);
	PAGES(heap, 9);
	say("raised: %s", move(heap + 6 * P) == heap + 6 * P ? "yes" : "no");
	PAGES(heap, 9);
	SHOW(byte(heap + 5 * P - 1));
}
