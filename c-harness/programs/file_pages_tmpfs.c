/* group: stat */
/* fallocate(2) on tmpfs: memory comes in whole pages, and goes in whole pages. */
#include "../harness.h"

#define PUNCH (FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE)

static int fd;

static void look(const char *when)
{
	struct stat s;

	NEED(fstat(fd, &s) == 0);
	printf("%s: %ld/16 P, %ld/16 P in blocks, data", when, (long)s.st_size * 16 / P,
	       (long)s.st_blocks * 512 * 16 / P);
	for (long at = 0, end; (at = lseek(fd, at, SEEK_DATA)) >= 0; at = end) {
		end = lseek(fd, at, SEEK_HOLE);
		printf(" %ld-%ld", at * 16 / P, end * 16 / P);
	}
	puts("");
}

static void put(long at, long n)
{
	char bytes[64];

	memset(bytes, 'x', sizeof bytes);
	for (long i = 0; i < n; i += 64)
		NEED(pwrite(fd, bytes, sizeof bytes, at + i) == sizeof bytes);
}

static void punch(long at, long n)
{
	char name[64];

	snprintf(name, sizeof name, "%ld-%ld punched", at * 16 / P, (at + n) * 16 / P);
	if (fallocate(fd, PUNCH, at, n))
		say("%s: %s", name, error_name(errno));
	look(name);
}

/* Bytes of a range that are not zero. */
static long left(long at, long n)
{
	long count = 0;
	char c;

	for (long i = 0; i < n; i++)
		count += pread(fd, &c, 1, at + i) == 1 && c;
	return count;
}

static void run(void)
{
	fd = new_file(tmpfs(), 4 * P);
	put(P, 64);
	put(P + P / 2, 64);
	look("two places of a page");
	punch(P, P / 16);
	punch(P + P / 2, P / 16);
	SHOW(left(P, P));
	punch(P + P / 4, P);
	punch(0, 2 * P);

	put(P + P / 4, P);
	punch(P + P / 8, P + P / 4);
	SHOW(left(P, 2 * P));
	punch(0, 4 * P - 1);
	SHOW(left(0, 4 * P));

	put(2 * P, P / 2);
	punch(2 * P, P / 2);
	SHOW(left(2 * P, P));
	punch(2 * P - 1, P + 1);

	put(2 * P, P);
	punch(P + P / 2, P);
	SHOW(left(2 * P, P));
	put(0, 2 * P);
	punch(P / 2, P);
	SHOW(left(0, 2 * P));
	CALL(syscall(SYS_fallocate, fd, PUNCH, P / 4, P / 16));
	CALL(syscall(SYS_fallocate, fd, PUNCH, 0, P));
	CALL(fallocate(fd, PUNCH, -1, P));
	CALL(fallocate(fd, PUNCH, P / 2, 0));
	CALL(fallocate(-1, PUNCH, P / 2, P));
	look("punched by number");
	SHOW(lseek(fd, 0, SEEK_CUR) % P);

	/* a descriptor that only reads, one that only writes and appends */
	char path[64];
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	int reads = open(path, O_RDONLY), appends = open(path, O_WRONLY | O_APPEND);
	CALL(fallocate(reads, PUNCH, P, P / 16));
	punch(0, 4 * P);
	put(3 * P, P / 16);
	CALL(fallocate(appends, PUNCH, 3 * P, P / 2));
	look("by a descriptor that appends");
	SHOW(left(3 * P, P));

	fd = new_file(tmpfs(), 0);
	CALL(fallocate(fd, 0, P, 1));
	look("a byte allocated");
	CALL(fallocate(fd, FALLOC_FL_KEEP_SIZE, 4 * P - 1, 2));
	look("two more, in two pages");
	CALL(posix_fallocate(fd, 6 * P + P / 2, P));
	look("a page, in two");
	CALL(syscall(SYS_fallocate, fd, 0, 9 * P + 1, 1));
	look("one by number");
	put(P + P / 2, 64);
	look("one of them written");
}
