/* group: mincore */
/* A vector that could be written to a moment ago and cannot any more. */
#include "../harness.h"

static char *p;

static void ask(const char *what, char *v)
{
	errno = 0;
	int answer = mincore(p, 4 * P, (unsigned char *)v);
	say("%s: %d %s", what, answer, error_name(errno));
}

static void *in_thread(void *v)
{
	ask("in a thread", v);
	NEED(munmap(v, P) == 0);
	return NULL;
}

static void run(void)
{
	char *v = rw_area(4 * P);
	pthread_t t;

	p = rw_area(4 * P);
	memset(p, 1, 4 * P);
	ask("new", v);
	ask("again", v);
	NEED(mprotect(v, P, PROT_READ) == 0);
	ask("read only", v);
	NEED(mprotect(v, P, RW) == 0);
	ask("writable", v);
	ask("again", v);
	NEED(munmap(v, P) == 0);
	ask("unmapped", v);
	NEED(mmap(v, P, RW, ANON | MAP_FIXED, -1, 0) == v);
	ask("mapped", v);
	NEED(mmap(v, P, PROT_NONE, ANON | MAP_FIXED, -1, 0) == v);
	ask("mapped over", v);
	NEED(mmap(v, P, RW, ANON | MAP_FIXED, -1, 0) == v);
	ask("mapped", v);
	NEED(mremap(v, P, P, MREMAP_MAYMOVE | MREMAP_FIXED, hole(P)) != MAP_FAILED);
	ask("moved", v);
	ask("over the end of a page", v + 2 * P - 2);
	NEED(munmap(v + 2 * P, P) == 0);
	ask("whose second half is gone", v + 2 * P - 2);
	ask("another", v + 3 * P);
	NEED(pthread_create(&t, NULL, in_thread, v + 3 * P) == 0 && pthread_join(t, NULL) == 0);
	ask("which the thread has unmapped", v + 3 * P);
	NEED(mmap(v, P, RW, ANON | MAP_FIXED, -1, 0) == v && madvise(v, P, MADV_DONTFORK) == 0);
	ask("mapped", v);
	pid_t child = fork();
	if (!child) {
		ask("not there in a child", v);
		_exit(0);
	}
	NEED(waitpid(child, NULL, 0) == child);
	ask("but here", v);
	child = (pid_t)syscall(SYS_clone, (long)SIGCHLD, 0L, 0L, 0L, 0L);
	if (!child) {
		ask("not there in another", v);
		_exit(0);
	}
	NEED(waitpid(child, NULL, 0) == child);
}
