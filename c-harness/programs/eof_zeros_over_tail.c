/* group: eof; needs: glibc */
/* Zeros that a call writes over what was stored past the end are zeros; what the file
 * grows over without writing stays as it was stored, where the file system lets it. */
#include "../harness.h"
#include <sys/sendfile.h>
#include <sys/uio.h>

#ifndef RWF_APPEND
#define RWF_APPEND 0x10
#endif
#ifndef FALLOC_FL_KEEP_SIZE
#define FALLOC_FL_KEEP_SIZE 1
#define FALLOC_FL_PUNCH_HOLE 2
#endif
#ifndef FALLOC_FL_ZERO_RANGE
#define FALLOC_FL_ZERO_RANGE 16
#endif

/* The file ends at a quarter; stores in every sixteenth behind it; zeros are written
 * from 6/16 to 9/16. */
#define FROM (6 * P / 16)
#define LENGTH (3 * P / 16)

static char *zeros;
static int fd, append, zero_file;

static long by_pwrite(void) { return pwrite(fd, zeros, (size_t)LENGTH, FROM); }
static long by_write(void) { return lseek(fd, FROM, SEEK_SET) < 0 ? -1 : write(fd, zeros, (size_t)LENGTH); }
static long by_writev(void)
{
	struct iovec v[2] = { { zeros, 100 }, { zeros, (size_t)LENGTH - 100 } };
	return lseek(fd, FROM, SEEK_SET) < 0 ? -1 : writev(fd, v, 2);
}
static long by_pwritev2(void)
{
	struct iovec v = { zeros, (size_t)LENGTH };
	return pwritev2(fd, &v, 1, FROM, 0);
}
static long by_sendfile(void)
{
	off_t at = 0;
	return lseek(fd, FROM, SEEK_SET) < 0 ? -1 : sendfile(fd, zero_file, &at, (size_t)LENGTH);
}
static long by_copy(void)
{
	loff_t in = 0, out = FROM;
	return copy_file_range(zero_file, &in, fd, &out, (size_t)LENGTH, 0);
}
static long by_copy_at_position(void)
{
	loff_t in = 0;
	return lseek(fd, FROM, SEEK_SET) < 0 ? -1 : copy_file_range(zero_file, &in, fd, NULL, (size_t)LENGTH, 0);
}
static long by_splice(void)
{
	int ends[2];
	loff_t out = FROM;
	long done = 0;

	NEED(pipe(ends) == 0);
	while (done < LENGTH) {
		long n = LENGTH - done < 1000 ? LENGTH - done : 1000;
		NEED(write(ends[1], zeros, (size_t)n) == n);
		NEED(splice(ends[0], NULL, fd, &out, (size_t)n, 0) == n);
		done += n;
	}
	close(ends[0]);
	close(ends[1]);
	return done;
}
/* these three write from the end on */
static long by_append(void) { return write(append, zeros, (size_t)LENGTH); }
static long by_append_somewhere(void) { return pwrite(append, zeros, (size_t)LENGTH, 0); }
static long by_append_flag(void)
{
	struct iovec v = { zeros, (size_t)LENGTH };
	return pwritev2(fd, &v, 1, 0, RWF_APPEND);
}
static long by_allocation(void) { return fallocate(fd, 0, FROM, LENGTH); }
static long by_posix_allocation(void) { return posix_fallocate(fd, FROM, LENGTH); }
static long by_zeroing(void) { return fallocate(fd, FALLOC_FL_ZERO_RANGE, FROM, LENGTH); }
static long by_zeroing_kept(void) { return fallocate(fd, FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE, FROM, LENGTH); }
static long by_hole(void) { return fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, FROM, LENGTH); }
static long by_hole_across(void) { return fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, P / 8, FROM); }
static long by_number(void)
{
	loff_t in = 0, out = FROM;
	return syscall(SYS_copy_file_range, zero_file, &in, fd, &out, LENGTH, 0);
}
static long by_remove(void) { return 0; }

static const struct {
	const char *name;
	long (*run)(void);
} calls[] = {
	{ "pwrite", by_pwrite }, { "write", by_write }, { "writev", by_writev }, { "pwritev2", by_pwritev2 },
	{ "sendfile", by_sendfile }, { "copy_file_range", by_copy }, { "copy_file_range to the position", by_copy_at_position },
	{ "copy_file_range by number", by_number }, { "splice", by_splice }, { "append", by_append },
	{ "append by pwrite", by_append_somewhere }, { "append by flag", by_append_flag }, { "fallocate", by_allocation },
	{ "posix_fallocate", by_posix_allocation }, { "zero range", by_zeroing }, { "zero range, size kept", by_zeroing_kept },
	{ "hole behind the end", by_hole }, { "hole across the end", by_hole_across }, { "remove", by_remove },
};

static void look(const char *when, const char *p, int how)
{
	char text[17] = { 0 };

	for (int i = 0; i < 16; i++) {
		char c = 0;
		if (how)
			text[i] = (char)(byte((char *)p + i * (P / 16) + 5) == 'x' ? 'x' : '-');
		else
			text[i] = (char)(pread(fd, &c, 1, i * (P / 16) + 5) != 1 ? ' ' : c == 'x' ? 'x' : '-');
	}
	say("  %s: %s", when, text);
}

static void all(const char *where)
{
	char path[4096];

	for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
		/* on ext4, what becomes of blocks that were never written depends on their size */
		if (where == disk() && (calls[i].run == by_allocation || calls[i].run == by_posix_allocation ||
					calls[i].run == by_zeroing))
			continue;
		snprintf(path, sizeof path, "%s/harness.XXXXXX", where);
		NEED((fd = mkstemp(path)) >= 0);
		NEED((append = open(path, O_WRONLY | O_APPEND)) >= 0);
		unlink(path);
		NEED(ftruncate(fd, P / 4) == 0);
		char *p = mmap(NULL, P, RW, MAP_SHARED, fd, 0);
		NEED(p != MAP_FAILED);
		for (int n = 4; n < 16; n++)
			p[n * (P / 16) + 5] = 'x';
		errno = 0;
		if (calls[i].run == by_remove) {
			CALL(madvise(p, P, MADV_REMOVE));
		} else {
			long done = calls[i].run();
			say("%s: %s", calls[i].name, done < 0 ? error_name(errno) : done == LENGTH ? "all" : done ? "some" : "0");
		}
		look("mapped", p, 1);
		look("read", p, 0);
		NEED(ftruncate(fd, P) == 0);
		look("grown", p, 1);
		look("read", p, 0);
		munmap(p, P);
		close(fd);
		close(append);
	}
}

static void run(void)
{
	NEED(zeros = calloc(1, (size_t)P));
	zero_file = new_file(tmpfs(), P);
	say("tmpfs");
	all(tmpfs());
	close(zero_file);
	zero_file = new_file(disk(), P);
	say("disk");
	all(disk());
}
