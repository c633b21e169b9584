/* group: eof */
/* Pages of a private mapping that were written stay whole when another process, started
 * after that, cuts their file inside them. */
#include "../harness.h"
#include <spawn.h>

extern char **environ;
enum { PAGES_OF_FILE = 8 };

static int fd;
static char path[4096];

static void cut(long size) { NEED(ftruncate(fd, size) == 0); }

static void by_fork(long size)
{
	pid_t child = fork();

	if (!child) {
		cut(size);
		_exit(0);
	}
	NEED(waitpid(child, NULL, 0) == child);
}

static void by_clone(long size)
{
	pid_t child = (pid_t)syscall(SYS_clone, (long)SIGCHLD, 0L, 0L, 0L, 0L);

	if (!child) {
		cut(size);
		_exit(0);
	}
	NEED(waitpid(child, NULL, 0) == child);
}

static void by_vfork(long size)
{
	pid_t child = vfork();

	if (!child) {
		if (ftruncate(fd, size))
			_exit(1);
		_exit(0);
	}
	NEED(waitpid(child, NULL, 0) == child);
}

static void by_spawn(long size)
{
	char number[32];
	char *vector[] = { "cut", path, number, NULL };
	pid_t child;

	snprintf(number, sizeof number, "%ld", size);
	NEED(posix_spawn(&child, "/proc/self/exe", NULL, NULL, vector, environ) == 0);
	NEED(waitpid(child, NULL, 0) == child);
}

static char *map(const char *where)
{
	char content[PAGES_OF_FILE * P];

	snprintf(path, sizeof path, "%s/harness.XXXXXX", where);
	NEED((fd = mkstemp(path)) >= 0);
	fill(content, PAGES_OF_FILE * P);
	NEED(write(fd, content, PAGES_OF_FILE * P) == PAGES_OF_FILE * P);
	char *p = mmap(NULL, (PAGES_OF_FILE + 1) * P, RW, MAP_PRIVATE, fd, 0);
	NEED(p != MAP_FAILED);
	return p;
}

static void done(char *p)
{
	NEED(munmap(p, (PAGES_OF_FILE + 1) * P) == 0);
	unlink(path);
	close(fd);
}

static void look(const char *what, char *p)
{
	printf("  %s: %s;", what, pages(p, PAGES_OF_FILE + 1));
	for (int i = 0; i < PAGES_OF_FILE; i++)
		printf(" %ld", byte(p + i * P) < 0 ? -1 : right_bytes(p + i * P, i * P, P));
	putchar('\n');
}

/* A store into the middle of every second page, of what is there already. */
static void store(char *p)
{
	for (int i = 0; i < PAGES_OF_FILE; i += 2)
		((volatile char *)p)[i * P + P / 2] = (char)tag(i * P + P / 2);
}

static void one(const char *where, const char *name, void (*cut_by)(long))
{
	char *p = map(where), *q;

	say("%s", name);
	store(p);
	cut_by(6 * P + P / 4 + 10);
	look("cut inside a page that was written", p);
	cut_by(4 * P + 10);
	look("another", p);
	cut_by(4 * P);
	look("in front of it", p);
	q = mremap(p, (PAGES_OF_FILE + 1) * P, (PAGES_OF_FILE + 1) * P, MREMAP_MAYMOVE | MREMAP_FIXED,
		   hole((PAGES_OF_FILE + 1) * P));
	NEED(q != MAP_FAILED);
	cut_by(2 * P + P / 8);
	look("moved, and cut in the one before", q);
	NEED(madvise(q, P, MADV_DONTNEED) == 0);
	cut_by(1);
	look("the first given back, and cut", q);
	done(q);
}

/* What was stored is still there after a fork, whatever becomes of the mapping. */
static void kept(const char *where)
{
	char *p = map(where), *q;
	long kept = 0;

	for (long i = 0; i < PAGES_OF_FILE; i++)
		for (long j = 0; j < 16; j++)
			p[i * P + j * P / 16 + 5] = (char)(100 + i);
	by_fork(PAGES_OF_FILE * P);
	NEED(mprotect(p + P, 3 * P, PROT_READ) == 0);
	NEED(mprotect(p + P, 3 * P, RW) == 0);
	q = mremap(p, (PAGES_OF_FILE + 1) * P, (PAGES_OF_FILE + 1) * P, MREMAP_MAYMOVE | MREMAP_FIXED,
		   hole((PAGES_OF_FILE + 1) * P));
	NEED(q != MAP_FAILED);
	for (long i = 0; i < PAGES_OF_FILE; i++)
		for (long j = 0; j < 16; j++)
			kept += q[i * P + j * P / 16 + 5] == (char)(100 + i);
	say("kept: %ld of %d", kept, 16 * PAGES_OF_FILE);
	NEED(ftruncate(fd, P) == 0);
	look("cut to one page", q);
	NEED(ftruncate(fd, PAGES_OF_FILE * P) == 0);
	look("grown", q);
	done(q);
}

static void all(const char *where, const char *name)
{
	say("%s", name);
	one(where, "fork", by_fork);
	one(where, "clone", by_clone);
	one(where, "vfork", by_vfork);
	one(where, "posix_spawn", by_spawn);
	kept(where);
}

static void run(void)
{
	if (arg_count > 2) {
		NEED(truncate(args[1], atol(args[2])) == 0);
		_exit(0);
	}
	all(tmpfs(), "tmpfs");
	all(disk(), "disk");
}
