/* group: proc */
/* A file of /proc tells what is when it is first read, not what was when it was opened,
 * by whatever name; and it is opened as the program says. */
#include "../harness.h"
#include <sys/uio.h>

static void grow(void)
{
	NEED(mmap(NULL, 640 * P, PROT_NONE, ANON | MAP_NORESERVE, -1, 0) != MAP_FAILED);
}

static long size_of(int fd)
{
	char text[256] = "";

	NEED(read(fd, text, sizeof text - 1) > 0);
	return atol(text);
}

static int near(long grown, long wanted)
{
	return grown >= wanted && grown <= wanted + 4;
}

static int statm(const char *name, int flags)
{
	int fd = open(name, flags);

	NEED(fd >= 0);
	return fd;
}

static void run(void)
{
	char head[256] = "", rest[256] = "";
	struct iovec parts[] = { { head, 2 }, { rest, sizeof rest - 1 } };
	int first = statm("/proc/self/statm", O_RDONLY), second = statm("/proc/self/statm", O_RDONLY);
	int third = statm("/proc/self/statm", O_RDONLY), again = dup(third);
	int inherited = statm("/proc/self/statm", O_RDONLY);
	long before = size_of(statm("/proc/self/statm", O_RDONLY));

	grow();
	CHECK(near(size_of(first) - before, 640));
	NEED(readv(second, parts, 2) > 2);
	strcat(head, rest);
	CHECK(near(atol(head) - before, 640));
	grow();
	CHECK(near(size_of(again) - before, 1280));
	CHECK(read(third, rest, sizeof rest) == 0);
	grow();
	/* the parent's, whoever reads */
	fflush(stdout);
	pid_t child = fork();
	if (!child) {
		grow();
		CHECK(near(size_of(inherited) - before, 1920));
		fflush(stdout);
		_exit(0);
	}
	NEED(waitpid(child, NULL, 0) == child);

	const char *const names[] = {
		"//proc/self/statm", "/proc//self/statm", "/proc/./self/statm", "/./proc/self/statm",
		"/../proc/self/statm", "/dev/../proc/self/statm", "/proc/thread-self/statm",
		"/proc/self/root/proc/self/statm", "/proc/self/task/../statm", "/proc/self/cwd/proc/self/statm",
	};
	NEED(chdir("/") == 0);
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		say("%s: %s", names[i], near(size_of(statm(names[i], O_RDONLY)) - before, 1920) ? "yes" : "NO");

	const int flags[] = { 0, O_NONBLOCK, O_CLOEXEC, O_NOATIME, O_NONBLOCK | O_APPEND, O_PATH };
	for (size_t i = 0; i < sizeof flags / sizeof *flags; i++) {
		int fd = statm("/proc/self/statm", flags[i] | O_RDONLY);
		int told = fcntl(fd, F_GETFL) & (O_ACCMODE | O_NONBLOCK | O_APPEND | O_NOATIME | O_PATH);
		say("flags %zu: %s, %d", i, told == (flags[i] & ~O_CLOEXEC) ? "as opened" : "OTHERS",
		    fcntl(fd, F_GETFD));
	}
}
