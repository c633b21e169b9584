/* group: pipe */
/* Pipes that are made in other ways hold 16 pages too: popen, FIFOs, syscall(). */
#include "../harness.h"

static long capacity(int fd)
{
	return fcntl(fd, F_GETPIPE_SZ) / P;
}

static void run(void)
{
	FILE *stream = popen("cat >/dev/null", "w");
	char path[4096];
	int ends[2];

	NEED(stream);
	say("popen: %ld P", capacity(fileno(stream)));
	NEED(pclose(stream) == 0);
	snprintf(path, sizeof path, "%s/harness-fifo-%d", tmpfs(), (int)getpid());
	NEED(mkfifo(path, 0600) == 0);
	int fd = open(path, O_RDWR | O_NONBLOCK);
	NEED(fd >= 0);
	say("mkfifo: %ld P", capacity(fd));
	CHECK(fcntl(fd, F_SETPIPE_SZ, 4 * P) == 4 * P);
	int again = open(path, O_RDWR | O_NONBLOCK);
	NEED(again >= 0 && unlink(path) == 0);
	say("opened again: %ld P", capacity(again));
	NEED(syscall(SYS_pipe2, ends, O_CLOEXEC) == 0);
	say("syscall(SYS_pipe2): %ld P", capacity(ends[0]));
	CHECK(fcntl(ends[0], F_GETFD) == FD_CLOEXEC);
	say("syscall(SYS_fcntl, F_SETPIPE_SZ, 2P + 1): %ld P",
	    syscall(SYS_fcntl, ends[1], F_SETPIPE_SZ, 2 * P + 1) / P);
	errno = 0;
	CHECK(pipe2(ends, 0x7fffffff) == -1 && errno == EINVAL);
	errno = 0;
	CHECK(fcntl(0x7fff, F_SETPIPE_SZ, P) == -1 && errno == EBADF);
}
