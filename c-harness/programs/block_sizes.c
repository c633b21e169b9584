/* group: stat */
/* Block sizes that are the page size: tmpfs, memfd, pipes. */
#include "../harness.h"
#include <sys/statfs.h>

static void run(void)
{
	struct stat s;
	struct statfs f;
	int fd = new_file(tmpfs(), 1), memory = memfd_create("x", 0), ends[2];

	NEED(memory >= 0 && pipe(ends) == 0);
	NEED(fstat(fd, &s) == 0);
	say("tmpfs st_blksize: %ld P", (long)s.st_blksize / P);
	NEED(fstat(memory, &s) == 0);
	say("memfd st_blksize: %ld P", (long)s.st_blksize / P);
	NEED(fstat(ends[0], &s) == 0);
	say("pipe st_blksize: %ld P", (long)s.st_blksize / P);
	NEED(fstatfs(fd, &f) == 0);
	say("tmpfs f_bsize: %ld P", (long)f.f_bsize / P);
	NEED(fstatfs(memory, &f) == 0);
	say("memfd f_bsize: %ld P", (long)f.f_bsize / P);
	NEED(fstatfs(ends[0], &f) == 0);
	say("pipe f_bsize: %ld P", (long)f.f_bsize / P);
	NEED(stat("/dev/null", &s) == 0);
	say("/dev/null st_blksize: %ld P", (long)s.st_blksize / P);
}
