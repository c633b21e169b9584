/* group: eof */
/* What was stored past the end of a file, when the page is written to the disk: a file
 * system on a disk zeroes it then. And when that does not happen. (Not by sync, which would
 * do the same to the files of programs that run meanwhile.) */
#include "../harness.h"
#include <sys/uio.h>

#ifndef RWF_DSYNC
#define RWF_DSYNC 2
#endif

static char *p;
static int fd, again;

static void begin(const char *where)
{
	char path[4096];

	snprintf(path, sizeof path, "%s/harness.XXXXXX", where);
	NEED((fd = mkstemp(path)) >= 0 && (again = open(path, O_WRONLY | O_DSYNC)) >= 0 && unlink(path) == 0);
	NEED(ftruncate(fd, P / 4) == 0);
	p = mmap(NULL, 2 * P, RW, MAP_SHARED, fd, 0);
	NEED(p != MAP_FAILED);
	p[0] = 'd';
	memset(p + P / 2, 's', P / 4);
}

static void end(const char *name)
{
	int before = p[P / 2];

	NEED(ftruncate(fd, P) == 0);
	say("%s: %d, grown %d %d", name, before, p[P / 2], p[0]);
	munmap(p, 2 * P);
	close(fd);
	close(again);
}

#define THEN(call)            \
	do {                  \
		begin(where); \
		call;         \
		end(#call);   \
	} while (0)

static long by_number(long number) { return syscall(number, fd); }

static long file_range_by_number(long from)
{
	const long flags = SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER;

#ifdef SYS_sync_file_range2
	return syscall(SYS_sync_file_range2, fd, flags, from, P);
#else
	return syscall(SYS_sync_file_range, fd, from, P, flags);
#endif
}

static long write_with(int flags)
{
	struct iovec one = { (char *)"w", 1 };

	return syscall(SYS_pwritev2, fd, &one, 1L, 0L, 0L, flags);
}

static void all(const char *where)
{
	THEN(fsync(fd));
	THEN(fdatasync(fd));
	THEN(by_number(SYS_fsync));
	THEN(sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER));
	THEN(sync_file_range(fd, P, P, SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER));
	THEN(file_range_by_number(0));
	THEN(file_range_by_number(P));
	THEN(msync(p, P, MS_SYNC));
	THEN(msync(p, P, MS_ASYNC));
	THEN(msync(p + P, P, MS_SYNC));
	THEN(pwrite(again, "w", 1, 0));
	THEN(write_with(0));
	THEN(write_with(RWF_DSYNC));
}

static void run(void)
{
	all(tmpfs());
	all(disk());
}
