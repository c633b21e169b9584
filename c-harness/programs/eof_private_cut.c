/* group: eof; needs: glibc */
/* A private page that was written stays whole when its file is cut inside it, and a
 * page that was not shows zeros behind the new end. */
#include "../harness.h"

static int fd;
static char path[4096];

static void by_ftruncate(long size) { NEED(ftruncate(fd, size) == 0); }
static void by_truncate(long size) { NEED(truncate(path, size) == 0); }
static void by_number(long size) { NEED(syscall(SYS_ftruncate, fd, size) == 0); }

static void file(const char *where)
{
	char content[2 * P];

	snprintf(path, sizeof path, "%s/harness.XXXXXX", where);
	NEED((fd = mkstemp(path)) >= 0);
	fill(content, 2 * P);
	NEED(write(fd, content, 2 * P) == 2 * P);
}

static void done(char *p)
{
	munmap(p, 2 * P);
	unlink(path);
	close(fd);
}

static void look(const char *what, char *p)
{
	say("  %s: first page %ld right, second %ld, %d %d; %s", what, right_bytes(p, 0, P),
	    byte(p + P) < 0 ? -1 : right_bytes(p + P, P, P), byte(p + P + P / 4 + 9), byte(p + P + P / 4 + 10),
	    pages(p, 2));
}

static void cut(const char *where, const char *name, int prot, void (*to)(long))
{
	file(where);
	char *p = mmap(NULL, 2 * P, RW, MAP_PRIVATE, fd, 0);

	NEED(p != MAP_FAILED);
	say("%s", name);
	p[P + 7] = 1;
	p[P + P - 5] = 2;
	NEED(mprotect(p, 2 * P, prot) == 0);
	to(P + P / 4 + 10);
	NEED(mprotect(p, 2 * P, RW) == 0);
	look("cut", p);
	say("  stores: %d %d", byte(p + P + 7), byte(p + P + P - 5));
	NEED(pwrite(fd, "abc", 3, P + P / 2) == 3);
	look("grown", p);
	to(P + 20);
	look("cut again", p);
	say("  stores: %d %d", byte(p + P + 7), byte(p + P + P - 5));
	to(P);
	look("cut to a page", p);
	to(2 * P);
	look("grown again", p);
	done(p);
}

static void untouched(const char *where)
{
	file(where);
	char *p = mmap(NULL, 2 * P, RW, MAP_PRIVATE, fd, 0);

	NEED(p != MAP_FAILED);
	NEED(ftruncate(fd, P + P / 4 + 10) == 0);
	say("untouched: %d %d %d", byte(p + P), byte(p + P + P / 4 + 9), byte(p + P + P - 1));
	NEED(right_bytes(p, 0, P) == P);
	done(p);
}

static void taken_along(const char *where)
{
	file(where);
	char *p = mmap(NULL, 2 * P, RW, MAP_PRIVATE, fd, 0), *q;

	NEED(p != MAP_FAILED);
	p[P + 7] = 1;
	NEED(ftruncate(fd, P + P / 4 + 10) == 0);
	q = mremap(p, 2 * P, 2 * P, MREMAP_MAYMOVE | MREMAP_FIXED, hole(2 * P));
	NEED(q != MAP_FAILED);
	look("moved", q);
	pid_t child = fork();
	if (!child) {
		look("in a child", q);
		fflush(stdout);
		_exit(0);
	}
	NEED(waitpid(child, NULL, 0) == child);
	NEED(madvise(q + P, P, MADV_DONTNEED) == 0);
	look("given back", q);
	NEED(ftruncate(fd, 2 * P) == 0);
	look("grown", q);
	done(q);
}

static void all(const char *where, const char *name)
{
	say("%s", name);
	cut(where, "ftruncate", RW, by_ftruncate);
	cut(where, "truncate, read only", PROT_READ, by_truncate);
	cut(where, "by number, without access", PROT_NONE, by_number);
	untouched(where);
	taken_along(where);
}

static void run(void)
{
	all(tmpfs(), "tmpfs");
	all(disk(), "disk");
}
