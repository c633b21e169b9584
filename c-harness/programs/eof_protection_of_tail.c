/* group: eof */
/* mprotect, munmap and msync over a last page, touched and untouched. */
#include "../harness.h"

static void look(const char *where, const char *name, int touched)
{
	int fd = tagged_file(where, P + P / 2);
	char *p = area(4 * P);

	NEED(mmap(p, 3 * P, RW, MAP_SHARED | MAP_FIXED, fd, 0) == p);
	if (touched)
		p[2 * P - 1] = 5;
	NEED(mprotect(p + P, 1, PROT_READ) == 0);
	say("%s %d: %s", name, touched, pages(p, 4));
	NEED(mprotect(p + P, P, PROT_NONE) == 0);
	say("%s %d: %s", name, touched, pages(p, 4));
	NEED(mprotect(p, 3 * P, RW) == 0);
	say("%s %d: %s, %d", name, touched, pages(p, 4), byte(p + 2 * P - 1));
	say("%s %d: msync %d", name, touched, msync(p, 3 * P, MS_SYNC));
	NEED(munmap(p + P, 1) == 0);
	say("%s %d: %s", name, touched, pages(p, 4));
	NEED(mmap(p + P, P, PROT_READ, MAP_SHARED | MAP_FIXED_NOREPLACE, fd, P) == p + P);
	say("%s %d: %s", name, touched, pages(p, 4));
	HOLDS(p + P, P, P / 2);
}

static void run(void)
{
	for (int touched = 0; touched < 2; touched++) {
		look(tmpfs(), "tmpfs", touched);
		look(disk(), "disk", touched);
	}
}
