/* group: eof */
/* A private page that was written, whose tail nobody has touched, when its file is cut
 * inside it; and then the file grows again. */
#include "../harness.h"

static void cut(const char *where, int touched, int prot)
{
	int fd = tagged_file(where, P / 2);
	char *p = mmap(NULL, 2 * P, RW, MAP_PRIVATE, fd, 0);

	NEED(p != MAP_FAILED);
	p[0] = 'a';
	p[P / 4 + 1] = 'b';
	if (touched)
		NEED(byte(p + P - 1) == 0);
	NEED(mprotect(p, 2 * P, prot) == 0);
	CALL(ftruncate(fd, P / 4));
	NEED(mprotect(p, 2 * P, RW) == 0);
	PAGES(p, 2);
	HOLDS(p + P / 8, P / 8, P / 8);
	say("%c %c %d %d", p[0], p[P / 4 + 1], p[P / 2 - 1] == (char)tag(P / 2 - 1), p[P - 1]);
	NEED(pwrite(fd, "cdef", 4, P / 4 - 2) == 4 && pwrite(fd, "ghi", 3, P - 3) == 3);
	say("grown: %c %c %d %d", p[0], p[P / 4 + 1], p[P / 2 - 1] == (char)tag(P / 2 - 1), p[P - 1]);
	p[P - 1] = 'z';
	NEED(ftruncate(fd, 0) == 0 && ftruncate(fd, 2 * P) == 0);
	say("cut away and grown: %d %d %d", p[0], p[P / 4 + 1], p[P - 1]);
	munmap(p, 2 * P);
	close(fd);
}

static void run(void)
{
	for (int touched = 0; touched < 2; touched++) {
		cut(tmpfs(), touched, RW);
		cut(disk(), touched, RW);
		cut(tmpfs(), touched, PROT_READ);
		cut(tmpfs(), touched, PROT_NONE);
	}
}
