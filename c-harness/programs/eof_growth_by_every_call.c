/* group: eof */
/* The mapping shows what a call adds to the file, whether its tail was touched
 * before or not. */
#include "../harness.h"
#include <sys/sendfile.h>
#include <sys/uio.h>

static char *text;
static long half;

static void by_ftruncate(int fd) { NEED(ftruncate(fd, P) == 0); }
static void by_write(int fd) { NEED(lseek(fd, half, SEEK_SET) == half && write(fd, text, half) == half); }
static void by_pwrite(int fd) { NEED(pwrite(fd, text, half, half) == half); }
static void by_writev(int fd)
{
	struct iovec v[2] = { { text, half / 2 }, { text + half / 2, half / 2 } };
	NEED(lseek(fd, half, SEEK_SET) == half && writev(fd, v, 2) == half);
}
static void by_pwritev(int fd)
{
	struct iovec v[2] = { { text, half / 2 }, { text + half / 2, half / 2 } };
	NEED(pwritev(fd, v, 2, half) == half);
}
static void by_fallocate(int fd) { NEED(fallocate(fd, 0, half, half) == 0); }
static void by_posix_fallocate(int fd) { NEED(posix_fallocate(fd, 0, P) == 0); }
static int source_file(void)
{
	int fd = new_file(disk(), 0);
	NEED(pwrite(fd, text, half, 0) == half);
	return fd;
}
static void by_copy_file_range(int fd)
{
	int from = source_file();
	off_t in = 0, out = half;
	while (out < P) {
		ssize_t n = copy_file_range(from, &in, fd, &out, half - in, 0);
		if (n < 0 && errno == EXDEV) {
			/* older kernels, across file systems */
			NEED(pwrite(fd, text, half, half) == half);
			return;
		}
		NEED(n > 0);
	}
}
static void by_sendfile(int fd)
{
	off_t in = 0;
	NEED(lseek(fd, half, SEEK_SET) == half);
	int from = source_file();
	while (in < half)
		NEED(sendfile(fd, from, &in, half - in) > 0);
}
static void by_splice(int fd)
{
	int ends[2];
	off_t out = half;
	NEED(pipe(ends) == 0);
	for (long done = 0; done < half; done += 2048 < half ? 2048 : half) {
		long n = 2048 < half ? 2048 : half;
		NEED(write(ends[1], text + done, n) == n);
		for (long left = n; left > 0;) {
			ssize_t moved = splice(ends[0], NULL, fd, &out, left, 0);
			NEED(moved > 0);
			left -= moved;
		}
	}
}
static void by_append(int fd)
{
	int flags = fcntl(fd, F_GETFL);
	NEED(fcntl(fd, F_SETFL, flags | O_APPEND) == 0 && write(fd, text, half) == half);
}
static void by_stdio(int fd)
{
	FILE *f = fdopen(dup(fd), "r+");
	NEED(f && fseek(f, half, SEEK_SET) == 0 && fwrite(text, 1, half, f) == (size_t)half && fclose(f) == 0);
}
static void by_second_open(int fd)
{
	char path[64];
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	int again = open(path, O_WRONLY);
	NEED(again >= 0 && pwrite(again, text, half, half) == half && close(again) == 0);
}

static const struct {
	const char *name;
	void (*grow)(int);
	int zeros;
} ways[] = {
	{ "ftruncate", by_ftruncate, 1 }, { "write", by_write, 0 }, { "pwrite", by_pwrite, 0 },
	{ "writev", by_writev, 0 }, { "pwritev", by_pwritev, 0 }, { "fallocate", by_fallocate, 1 },
	{ "posix_fallocate", by_posix_fallocate, 1 }, { "copy_file_range", by_copy_file_range, 0 },
	{ "sendfile", by_sendfile, 0 }, { "splice", by_splice, 0 }, { "O_APPEND", by_append, 0 },
	{ "stdio", by_stdio, 0 }, { "another descriptor", by_second_open, 0 },
};

static void run(void)
{
	half = P / 2;
	text = malloc(half);
	memset(text, 'g', half);
	for (unsigned i = 0; i < sizeof ways / sizeof *ways; i++)
		for (int how = 0; how < 4; how++) {
			int fd = tagged_file(how & 1 ? disk() : tmpfs(), half);
			char *p = mmap(NULL, 2 * P, RW, MAP_SHARED, fd, 0), want = ways[i].zeros ? 0 : 'g', b = 7;
			NEED(p != MAP_FAILED);
			if (how & 2)
				NEED(byte(p + half) == 0 && byte(p + P - 1) == 0);
			ways[i].grow(fd);
			int good = byte(p + half) == want && byte(p + P - 1) == want && byte(p + half - 1) == tag(half - 1);
			p[P - 2] = 'm';
			good &= pread(fd, &b, 1, P - 2) == 1 && b == 'm';
			say("%s on %s, tail %s: %s", ways[i].name, how & 1 ? "disk" : "tmpfs",
			    how & 2 ? "touched" : "not touched", good ? "right" : "WRONG");
			NEED(munmap(p, 2 * P) == 0 && close(fd) == 0);
		}
}
