/* group: other; needs: glibc */
/* The C library's other names of functions that know pages. */
#include "../harness.h"
#include <sys/uio.h>

void *__sbrk(intptr_t increment);
int __sigaction(int number, const struct sigaction *new, struct sigaction *old);
ssize_t __pread64(int fd, void *to, size_t n, long offset);

static void on_bus(int number)
{
	(void)number;
}

static void run(void)
{
	char *before = sbrk(0);

	SHOW((char *)__sbrk(0) - before);
	SHOW((char *)__sbrk(P + P / 4) - before);
	SHOW((char *)sbrk(0) - before == P + P / 4);
	SHOW((char *)__sbrk(-(P + P / 4)) - before == P + P / 4);
	SHOW((char *)sbrk(0) - before);

	/* from the first mapping of a file on, SIGBUS may be somebody else's as well */
	int fd = tagged_file(tmpfs(), P / 2);
	char *p = mmap(NULL, 2 * P, RW, MAP_PRIVATE, fd, 0);
	NEED(p != MAP_FAILED);
	struct sigaction action = { .sa_handler = on_bus, .sa_flags = SA_RESTART }, old;
	SHOW(__sigaction(SIGBUS, &action, &old));
	SHOW(old.sa_sigaction == on_fault);
	SHOW(__sigaction(SIGBUS, NULL, &old));
	SHOW(old.sa_handler == on_bus);
	SHOW(old.sa_flags & SA_RESTART ? 1 : 0);
	catch_faults();
	WRITE(p + P - 1);
	READ(p + P);

	char text[64] = { 0 }, again[64] = { 0 };
	int statm = open("/proc/self/statm", O_RDONLY);
	NEED(statm >= 0);
	SHOW(pread(statm, text, sizeof text, 0) > 0);
	SHOW(__pread64(statm, again, sizeof again, 0) > 0);
	SHOW(atol(text) == atol(again));

	/* a system call that got a function of its own late */
	int self = (int)syscall(SYS_pidfd_open, getpid(), 0);
	char *memory = rw_area(4 * P);
	struct iovec one = { memory, 1 }, half = { memory + P / 2, P };
	NEED(self >= 0);
	SHOW(process_madvise(self, &one, 1, MADV_COLD, 0));
	CALL(process_madvise(self, &half, 1, MADV_COLD, 0));
}
