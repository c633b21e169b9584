/* group: other */
/* How much of a file is in the cache, and how much of it has blocks, by pages. */
#include "../harness.h"

static int fd;

/* Pages in the cache of len bytes from offset on. */
static void in_cache(long offset, long len)
{
	uint64_t range[2] = { (uint64_t)offset, (uint64_t)len }, counts[5] = { 99 };

	errno = 0;
	long answer = syscall(451 /* cachestat */, fd, range, counts, 0);
	if (answer == -1 && errno == ENOSYS)
		SKIP("no cachestat");
	say("from %ld/16 on, %ld/16 of a page: %ld, %ld pages", offset / (P / 16), len / (P / 16), answer,
	    answer ? -1 : (long)counts[0]);
}

static void blocks(const char *after)
{
	struct stat st;

	NEED(fstat(fd, &st) == 0);
	say("%s: %ld pages", after, (long)st.st_blocks * 512 / P);
}

static void run(void)
{
	fd = new_file(tmpfs(), 9 * P);
	for (int i = 0; i < 9; i += 2)
		NEED(pwrite(fd, "x", 1, i * P + P / 2) == 1);
	blocks("five bytes written");
	in_cache(0, 0);
	in_cache(0, 9 * P);
	in_cache(P / 16, P / 16);
	in_cache(P, P);
	in_cache(P - P / 16, P / 8);
	in_cache(2 * P, 3 * P);
	in_cache(5 * P, 100 * P);
	in_cache(20 * P, P);
	char *content = calloc(3, (size_t)P);
	NEED(pwrite(fd, content, 3 * (size_t)P, 0) == 3 * P);
	in_cache(0, 0);
	blocks("three pages written");
	NEED(fallocate(fd, 0, 0, 6 * P) == 0);
	blocks("six allocated");
	NEED(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, P, P) == 0);
	blocks("one given back");
	in_cache(0, 3 * P);
	NEED(ftruncate(fd, P + 1) == 0);
	blocks("cut");
	in_cache(0, 0);
}
