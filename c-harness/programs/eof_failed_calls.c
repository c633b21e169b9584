/* group: eof; needs: glibc */
/* Calls that would change a file and fail leave what was stored past its end alone. */
#include "../harness.h"
#include <sys/sendfile.h>
#include <sys/uio.h>

static char *p;
static int fd, reader;

static void begin(const char *where)
{
	char path[4096];

	snprintf(path, sizeof path, "%s/harness.XXXXXX", where);
	NEED((fd = mkstemp(path)) >= 0 && (reader = open(path, O_RDONLY)) >= 0 && unlink(path) == 0);
	NEED(ftruncate(fd, P / 4) == 0);
	p = mmap(NULL, 2 * P, RW, MAP_SHARED, fd, 0);
	NEED(p != MAP_FAILED);
	memset(p + P / 2, 's', P / 4);
}

static void end(void)
{
	struct stat status;

	NEED(fstat(fd, &status) == 0);
	say("    %c %c, %ld/16", p[P / 2], p[P * 5 / 8], (long)status.st_size * 16 / P);
	munmap(p, 2 * P);
	close(fd);
	close(reader);
}

static long pwrite_by_number(int to, const char *from) { return syscall(SYS_pwrite64, to, from, P / 16, P / 2); }
static long ftruncate_by_number(int which) { return syscall(SYS_ftruncate, which, P / 3); }

#define FAILS(call)           \
	do {                  \
		begin(where); \
		CALL(call);   \
		end();        \
	} while (0)

static void all(const char *where)
{
	static char buffer[1 << 16];
	struct iovec good = { buffer, (size_t)P / 16 }, bad = { buffer, (size_t)-1 };
	off_t in = 0;
	loff_t out = P / 2;

	FAILS(pwrite(reader, buffer, P / 16, P / 2));
	FAILS(pwrite(fd, buffer, 0, P / 2));
	FAILS(pwrite(fd, buffer, P / 16, -1));
	FAILS((lseek(fd, P / 2, SEEK_SET), write(fd, buffer, 0)));
	FAILS(writev(fd, &bad, 1));
	FAILS(pwritev2(fd, &good, 1, P / 2, 1 << 20) == -1);
	FAILS(copy_file_range(fd, NULL, reader, &out, P / 16, 0));
	FAILS(sendfile(reader, fd, &in, P / 16));
	FAILS(ftruncate(reader, P / 3));
	FAILS(ftruncate(fd, -1));
	FAILS(fallocate(reader, 0, 0, P));
	FAILS(fallocate(fd, 0, -1, P));
	FAILS(pwrite_by_number(reader, buffer));
	FAILS(ftruncate_by_number(reader));
}

static void run(void)
{
	all(tmpfs());
	all(disk());
}
