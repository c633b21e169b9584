/* group: eof */
/* A database maps far past the end, then lets its file grow in small steps. */
#include "../harness.h"

static void grow(const char *where, const char *name)
{
	long step = P / 4, wrong = 0;
	int fd = new_file(where, 0);
	char *p = mmap(NULL, 64 * P, RW, MAP_SHARED, fd, 0), *block = malloc(step);

	NEED(p != MAP_FAILED && block);
	for (long i = 0; i < 100; i++) {
		memset(block, (int)(i % 100 + 1), step);
		NEED(pwrite(fd, block, step, i * step) == step);
		wrong += byte(p + i * step) != i % 100 + 1 || byte(p + (i + 1) * step - 1) != i % 100 + 1;
		/* the rest of its page, then the page behind it */
		long end = ((i + 1) * step + P - 1) / P * P;
		wrong += byte(p + end - 1) != ((i + 1) * step == end ? i % 100 + 1 : 0);
		wrong += byte(p + end) != -1;
		p[i * step + 1] = 'm';
	}
	for (long i = 0; i < 100; i++) {
		NEED(pread(fd, block, step, i * step) == step);
		wrong += block[0] != (char)(i % 100 + 1) || block[1] != 'm' || block[step - 1] != (char)(i % 100 + 1);
	}
	say("%s: wrong %ld; %s", name, wrong, pages(p + 24 * P, 4));
}

static void run(void)
{
	grow(tmpfs(), "tmpfs");
	grow(disk(), "disk");
}
