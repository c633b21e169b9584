/* group: other */
/* A structure whose length the program says may be as long as a page, as long as it is zero
 * behind what the kernel knows. */
#include "../harness.h"

enum { CLONE3 = 435, OPENAT2 = 437 };

static char *place;

/* Only whether the length is refused: what else there is to say is the kernel's. */
static const char *length(long answer)
{
	if (answer == -1)
		return errno == E2BIG ? "too long" : errno == EFAULT ? "EFAULT" : "taken";
	return "taken";
}

static long opened(long size)
{
	int fd = (int)syscall(OPENAT2, AT_FDCWD, "/dev/null", place, size);

	if (fd >= 0)
		close(fd);
	return fd;
}

static long forked(long size)
{
	fflush(stdout);
	long child = syscall(CLONE3, place, size);

	if (!child)
		_exit(0);
	if (child > 0)
		waitpid((pid_t)child, NULL, 0);
	return child;
}

static long scheduled(long size)
{
	unsigned *sized = (unsigned *)place;

	sized[0] = (unsigned)size;
	return syscall(SYS_sched_setattr, 0, place, 0);
}

static long counted(long size)
{
	unsigned *sized = (unsigned *)place;

	sized[0] = 1;
	sized[1] = (unsigned)size;
	int fd = (int)syscall(SYS_perf_event_open, place, 0, -1, -1, 0UL);
	if (fd >= 0)
		close(fd);
	return fd;
}

static void both(const char *name, long (*call)(long), int prepare)
{
	memset(place, 0, (size_t)(2 * P));
	if (prepare >= 0)
		((unsigned long *)place)[prepare] = SIGCHLD;
	errno = 0;
	say("%s, P: %s", name, length(call(P)));
	errno = 0;
	say("%s, P/2: %s", name, length(call(P / 2)));
	errno = 0;
	say("%s, P + 8: %s", name, length(call(P + 8)));
	place[P - 1] = 1;
	errno = 0;
	say("%s, not zero at its end: %s", name, length(call(P)));
}

static void run(void)
{
	place = rw_area(2 * P);
	if (opened(24) == -1)
		SKIP("openat2: %s", error_name(errno));
	both("openat2", opened, -1);
	both("clone3", forked, 4);
	both("sched_setattr", scheduled, -1);
	memset(place, 0, (size_t)(2 * P));
	if (counted(112) != -1 || errno != ENOSYS)
		both("perf_event_open", counted, -1);
	CALL(syscall(SYS_sched_getattr, 0, place, P, 0));
	SHOW(*(unsigned *)place >= 48 && *(unsigned *)place < 256);
	CALL(syscall(SYS_sched_getattr, 0, place, P + 8, 0));

	/* behind its first bytes it is not there */
	char *last = hole(2 * P) - P;
	NEED(mmap(last, P, RW, ANON | MAP_FIXED, -1, 0) == last);
	place = last + P / 2;
	errno = 0;
	say("openat2, half of it not there: %s", length(opened(P)));
}
