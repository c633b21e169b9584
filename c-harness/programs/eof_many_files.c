/* group: eof */
/* A thousand small files mapped, read behind their ends, unmapped: no descriptor
 * and no memory stays behind. */
#include "../harness.h"
#include <dirent.h>

static int descriptors(void)
{
	DIR *folder = opendir("/proc/self/fd");
	int count = 0;

	NEED(folder);
	while (readdir(folder))
		count++;
	closedir(folder);
	return count;
}

static void run(void)
{
	int before = descriptors();
	long wrong = 0;

	for (int i = 0; i < 1000; i++) {
		int fd = new_file(i % 2 ? disk() : tmpfs(), 1 + i % 100);
		char *p = mmap(NULL, P, RW, MAP_SHARED, fd, 0);
		NEED(p != MAP_FAILED && close(fd) == 0);
		p[P - 1] = 1;
		wrong += byte(p + P - 2) != 0;
		NEED(munmap(p, P) == 0);
	}
	SHOW(wrong);
	SHOW(descriptors() - before);
}
