/* group: stat */
/* Holes and blocks of a tmpfs file are whole pages, however little is written. */
#include "../harness.h"
#include <sys/statvfs.h>

static int fd;

static void blocks(const char *when)
{
	struct stat s;
	struct stat by_path;
	char path[64];

	NEED(fstat(fd, &s) == 0);
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	NEED(stat(path, &by_path) == 0);
	say("%s: %ld P in blocks, by path the same: %s", when, (long)s.st_blocks * 512 / P,
	    by_path.st_blocks == s.st_blocks && by_path.st_blksize == s.st_blksize ? "yes" : "NO");
}

/* Where from each sixteenth of a page data and holes begin, in sixteenths of P. */
static void seeks(const char *when)
{
	static const long from[] = { 0, 1, 15, 16, 17, 31, 32, 40, 48, 63, 64, 65, 79, 80, 127 };

	printf("%s:", when);
	for (size_t i = 0; i < sizeof from / sizeof *from; i++) {
		long at = from[i] * (P / 16);
		long data = lseek(fd, at, SEEK_DATA), hole = lseek(fd, at, SEEK_HOLE);

		printf(" %ld:%ld/%ld", from[i], data < 0 ? -1 : data * 16 / P, hole < 0 ? -1 : hole * 16 / P);
	}
	puts("");
}

static void run(void)
{
	fd = new_file(tmpfs(), 8 * P);
	blocks("empty");
	seeks("empty");
	NEED(pwrite(fd, "x", 1, 4 * P + P / 2) == 1);
	blocks("a byte in the fifth page");
	seeks("a byte in the fifth page");
	NEED(pwrite(fd, "x", 1, 2 * P - 1) == 1);
	NEED(pwrite(fd, "x", 1, P) == 1);
	blocks("two bytes in the second");
	seeks("two bytes in the second");
	NEED(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, P + P / 4, P / 2) == 0);
	blocks("half of it punched");
	seeks("half of it punched");
	NEED(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, P, P) == 0);
	blocks("all of it punched");
	seeks("all of it punched");
	NEED(lseek(fd, 77, SEEK_SET) == 77);
	errno = 0;
	CHECK(lseek(fd, 5 * P, SEEK_DATA) == -1 && errno == ENXIO);
	SHOW(lseek(fd, 0, SEEK_CUR));
	errno = 0;
	CHECK(lseek(fd, 8 * P, SEEK_HOLE) == -1 && errno == ENXIO);
	CHECK(lseek(fd, 4 * P + 3, SEEK_DATA) == 4 * P + 3);
	SHOW(lseek(fd, 0, SEEK_CUR) - 4 * P);
	NEED(ftruncate(fd, P + 1) == 0);
	NEED(pwrite(fd, "x", 1, P) == 1);
	blocks("cut to a page and a byte");
	CHECK(lseek(fd, 0, SEEK_HOLE) == 0);
	CHECK(lseek(fd, P, SEEK_HOLE) == P + 1);

	struct statvfs v;
	NEED(fstatvfs(fd, &v) == 0);
	say("statvfs: %ld P %ld P", (long)v.f_bsize / P, (long)v.f_frsize / P);
}
