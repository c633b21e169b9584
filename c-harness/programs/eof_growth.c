/* group: eof; needs: glibc */
/* A file that grows by any call is seen in its mappings, also where the tail was
 * touched before: what the file holds, zeros to the end of its page, then SIGBUS. */
#include "../harness.h"
#include <sys/sendfile.h>
#include <sys/uio.h>
#include <sys/socket.h>

#define OLD (P / 4 + 10)
#define NEW (2 * P + P / 2 + 3)

static char *content;
static char path[4096];
static const char *place;

static void by_ftruncate(int fd)
{
	NEED(ftruncate(fd, NEW) == 0);
	NEED(pwrite(fd, content + OLD, (size_t)(NEW - OLD), OLD) == NEW - OLD);
}
static void by_truncate(int fd)
{
	NEED(truncate(path, NEW) == 0);
	NEED(pwrite(fd, content + OLD, (size_t)(NEW - OLD), OLD) == NEW - OLD);
}
static void by_write(int fd)
{
	NEED(lseek(fd, OLD, SEEK_SET) == OLD);
	NEED(write(fd, content + OLD, (size_t)(NEW - OLD)) == NEW - OLD);
}
static void by_pwrite(int fd) { NEED(pwrite(fd, content + OLD, (size_t)(NEW - OLD), OLD) == NEW - OLD); }
static void by_writev(int fd)
{
	struct iovec v[2] = { { content + OLD, (size_t)P }, { content + OLD + P, (size_t)(NEW - OLD - P) } };

	NEED(lseek(fd, OLD, SEEK_SET) == OLD);
	NEED(writev(fd, v, 2) == NEW - OLD);
}
static void by_pwritev(int fd)
{
	struct iovec v[2] = { { content + OLD, (size_t)P }, { content + OLD + P, (size_t)(NEW - OLD - P) } };

	NEED(pwritev(fd, v, 2, OLD) == NEW - OLD);
}
static void by_pwritev2(int fd)
{
	struct iovec v = { content + OLD, (size_t)(NEW - OLD) };

	NEED(pwritev2(fd, &v, 1, OLD, 0) == NEW - OLD);
}
static void by_fallocate(int fd)
{
	NEED(fallocate(fd, 0, 0, NEW) == 0);
	by_pwrite(fd);
}
static void by_posix_fallocate(int fd)
{
	NEED(posix_fallocate(fd, 0, NEW) == 0);
	by_pwrite(fd);
}
static int source(void)
{
	int fd = new_file(place, 0);

	NEED(write(fd, content, (size_t)NEW) == NEW);
	NEED(lseek(fd, OLD, SEEK_SET) == OLD);
	return fd;
}
static void by_copy_file_range(int fd)
{
	int from = source();
	loff_t at = OLD;

	while (at < NEW)
		NEED(copy_file_range(from, NULL, fd, &at, (size_t)(NEW - at), 0) > 0);
	close(from);
}
static void by_sendfile(int fd)
{
	int from = source();
	long left = NEW - OLD;

	NEED(lseek(fd, OLD, SEEK_SET) == OLD);
	while (left > 0) {
		ssize_t n = sendfile(fd, from, NULL, (size_t)left);
		NEED(n > 0);
		left -= n;
	}
	close(from);
}
static void by_splice(int fd)
{
	int pipes[2];

	NEED(pipe(pipes) == 0);
	for (loff_t at = OLD; at < NEW;) {
		long n = NEW - at < 1000 ? NEW - at : 1000;
		NEED(write(pipes[1], content + at, (size_t)n) == n);
		NEED(splice(pipes[0], NULL, fd, &at, (size_t)n, 0) == n);
	}
	close(pipes[0]);
	close(pipes[1]);
}
static void by_append(int fd)
{
	int other = open(path, O_WRONLY | O_APPEND);

	(void)fd;
	NEED(other >= 0);
	NEED(write(other, content + OLD, (size_t)(NEW - OLD)) == NEW - OLD);
	close(other);
}
static void by_stream(int fd)
{
	FILE *f = fopen(path, "r+");

	(void)fd;
	NEED(f && fseek(f, OLD, SEEK_SET) == 0);
	NEED(fwrite(content + OLD, 1, (size_t)(NEW - OLD), f) == (size_t)(NEW - OLD));
	NEED(fclose(f) == 0);
}
static void by_dup(int fd)
{
	int other = dup(fd);

	by_pwrite(other);
	close(other);
}
static void by_hard_link(int fd)
{
	char other[4200];

	(void)fd;
	snprintf(other, sizeof other, "%s.link", path);
	NEED(link(path, other) == 0);
	int second = open(other, O_RDWR);
	NEED(second >= 0);
	by_pwrite(second);
	close(second);
	unlink(other);
}
static void by_syscall(int fd)
{
	NEED(syscall(SYS_pwrite64, fd, content + OLD, NEW - OLD, OLD) == NEW - OLD);
}
static void by_child(int fd)
{
	pid_t child = fork();

	if (!child) {
		by_pwrite(fd);
		_exit(0);
	}
	NEED(waitpid(child, NULL, 0) == child);
}
static void by_small_steps(int fd)
{
	for (long at = OLD; at < NEW; at += 501) {
		long n = NEW - at < 501 ? NEW - at : 501;
		NEED(pwrite(fd, content + at, (size_t)n, at) == n);
	}
}

static const struct {
	const char *name;
	void (*grow)(int);
} ways[] = {
	{ "ftruncate", by_ftruncate }, { "truncate", by_truncate }, { "write", by_write },
	{ "pwrite", by_pwrite }, { "writev", by_writev }, { "pwritev", by_pwritev },
	{ "pwritev2", by_pwritev2 }, { "fallocate", by_fallocate },
	{ "posix_fallocate", by_posix_fallocate }, { "copy_file_range", by_copy_file_range },
	{ "sendfile", by_sendfile }, { "splice", by_splice }, { "O_APPEND", by_append },
	{ "a stream", by_stream }, { "a dup", by_dup }, { "a hard link", by_hard_link },
	{ "syscall", by_syscall }, { "a child", by_child }, { "small steps", by_small_steps },
};

static void ask(const char *name, void (*grow)(int), int kind, int touch)
{
	snprintf(path, sizeof path, "%s/growth.XXXXXX", place);
	int fd = mkstemp(path);
	NEED(fd >= 0);
	NEED(write(fd, content, (size_t)OLD) == OLD);
	char *p = mmap(NULL, 8 * P, RW, kind, fd, 0);
	NEED(p != MAP_FAILED);
	int sum = 0;
	if (touch)
		for (long i = OLD; i < P; i += P / 16)
			sum += *(volatile char *)(p + i);
	grow(fd);
	/* before anything that the library would notice */
	long right = right_bytes(p, 0, NEW), zeros = 0;
	for (long i = NEW; i < 3 * P; i++)
		zeros += p[i] == 0;
	say("%s, %s, %s%s: tail %d, right %s, zeros behind %s, pages %s", name,
	    place == tmpfs() ? "tmpfs" : "disk", kind == MAP_SHARED ? "shared" : "private",
	    touch ? ", touched" : "", sum, right == NEW ? "yes" : "NO",
	    zeros == 3 * P - NEW ? "yes" : "NO", pages(p, 8));
	munmap(p, 8 * P);
	close(fd);
	unlink(path);
}

static void run(void)
{
	const char *places[] = { tmpfs(), disk() };

	content = malloc((size_t)NEW);
	NEED(content);
	fill(content, NEW);
	for (size_t i = 0; i < sizeof ways / sizeof *ways; i++)
		for (int which = 0; which < 8; which++) {
			place = places[which & 1];
			ask(ways[i].name, ways[i].grow, which & 2 ? MAP_PRIVATE : MAP_SHARED, which & 4);
		}
}
