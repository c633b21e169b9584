/* group: eof */
/* A program that has stored into the tail of a file writes it to the file from there:
 * to the same place, to another, in parts. */
#include "../harness.h"
#include <sys/uio.h>

static char *p, *other;
static int fd;

static void begin(const char *where, int flags)
{
	fd = tagged_file(where, P / 4);
	p = mmap(NULL, 2 * P, RW, flags, fd, 0);
	other = mmap(NULL, 2 * P, RW, MAP_SHARED, fd, 0);
	NEED(p != MAP_FAILED && other != MAP_FAILED);
	memset(p + P / 2, 's', P / 8);
	memset(other + P * 3 / 4, 't', P / 8);
}

static void end(void)
{
	struct stat status;
	unsigned char got[2] = { 0 };

	NEED(fstat(fd, &status) == 0);
	NEED(pread(fd, got, 1, P / 2 + P / 16) >= 0 && pread(fd, got + 1, 1, P / 4 - 1) == 1);
	say("    %ld/16, in the file %d %d, in the mapping %d, in the other %d %d", (long)status.st_size * 16 / P, got[0],
	    got[1], p[P / 2 + P / 16], other[P / 2 + P / 16], other[P * 3 / 4]);
	munmap(p, 2 * P);
	munmap(other, 2 * P);
	close(fd);
}

#define WRITTEN(call)                                         \
	do {                                                  \
		begin(where, flags);                          \
		say("%s = %ld/16", #call, (long)(call) * 16 / P); \
		end();                                        \
	} while (0)

static void all(const char *where, int flags)
{
	struct iovec parts[2];

	WRITTEN(pwrite(fd, p + P / 2, P / 8, P / 2));
	WRITTEN(pwrite(fd, p + P / 2, P / 8, P / 2 + P / 16));
	WRITTEN(pwrite(fd, p + P / 4, P / 2, P / 4));
	WRITTEN((lseek(fd, P / 2, SEEK_SET), write(fd, other + P * 3 / 4, P / 8)));
	WRITTEN((lseek(fd, 0, SEEK_END), write(fd, p + P / 4, P * 3 / 4)));
	WRITTEN(syscall(SYS_pwrite64, fd, p + P / 2, P / 8, P / 2));
	WRITTEN((parts[0] = (struct iovec){ p + P / 2, P / 16 }, parts[1] = (struct iovec){ p + P / 2 + P / 16, P / 16 },
		 pwritev(fd, parts, 2, P / 2)));
	WRITTEN((parts[0] = (struct iovec){ p + P / 4, P / 4 }, parts[1] = (struct iovec){ p + P / 2, P / 2 },
		 syscall(SYS_pwritev, fd, parts, 2, P / 4, 0)));
	/* as far as the memory goes */
	WRITTEN(pwrite(fd, p + P / 2, P, P / 2));
}

static void run(void)
{
	all(tmpfs(), MAP_SHARED);
	all(disk(), MAP_SHARED);
	all(tmpfs(), MAP_PRIVATE);
	all(disk(), MAP_PRIVATE);
}
