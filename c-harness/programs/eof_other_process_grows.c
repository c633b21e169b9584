/* group: eof */
/* A process that has nothing to do with this one grows the file, before and after
 * the tail was touched. */
#include "../harness.h"

static void grow(const char *where, const char *name, int touched)
{
	char path[4096], command[5000], b = 0;

	snprintf(path, sizeof path, "%s/grow.XXXXXX", where);
	int fd = mkstemp(path);
	NEED(fd >= 0 && write(fd, "start", 5) == 5);
	char *p = mmap(NULL, 2 * P, RW, MAP_SHARED, fd, 0);
	NEED(p != MAP_FAILED);
	if (touched)
		NEED(byte(p + 5) == 0 && byte(p + P - 1) == 0);
	/* not under the same library */
	snprintf(command, sizeof command, "LD_PRELOAD= /bin/sh -c 'printf more >> %s'", path);
	NEED(system(command) == 0);
	say("%s, tail %s: %.4s %d", name, touched ? "touched" : "not touched", p + 5, byte(p + P - 1));
	p[9] = '!';
	say("%s: stored behind: %zd", name, pread(fd, &b, 1, 9));
	p[8] = 'E';
	NEED(pread(fd, &b, 1, 8) == 1);
	say("%s: stored in what was added: %c", name, b);
	unlink(path);
}

static void run(void)
{
	for (int touched = 0; touched < 2; touched++) {
		grow(tmpfs(), "tmpfs", touched);
		grow(disk(), "disk", touched);
	}
}
