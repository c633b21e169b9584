/* group: eof */
/* What is locked in memory counts once, in whole pages, wherever its tails are. */
#include "../harness.h"

static void run(void)
{
	int fd = tagged_file(tmpfs(), 6 * P);
	char *all = mmap(NULL, 7 * P, RW, MAP_SHARED, fd, 0), *last = mmap(NULL, 3 * P, RW, MAP_SHARED, fd, 5 * P);

	NEED(all != MAP_FAILED && last != MAP_FAILED);
#define LOCKED() say("locked: %ld", proc_field("/proc/self/status", "VmLck") * 1024 / P)
	CALL(mlock(last, 3 * P));
	LOCKED();
	CALL(ftruncate(fd, 6 * P + P / 2 + P / 8));
	SHOW(byte(last + P + P - 1));
	LOCKED();
	SHOW(byte(all + 6 * P + P - 1));
	LOCKED();
	CALL(ftruncate(fd, 7 * P));
	LOCKED();
	CALL(ftruncate(fd, 6 * P + 10));
	last[P + P - 1] = 7;
	SHOW(byte(all + 6 * P + P - 1));
	LOCKED();
	CALL(munlock(last, 3 * P));
	LOCKED();
	CALL(mlock(all + 6 * P, P));
	LOCKED();
	CALL(munmap(all, 7 * P));
	LOCKED();
}
