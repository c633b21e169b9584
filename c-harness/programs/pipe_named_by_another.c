/* group: pipe */
/* A named pipe that this program did not make holds 16 pages as well, whatever
 * size the program has given another pipe. */
#include "../harness.h"

static char path[4096];

static void make(void)
{
	snprintf(path, sizeof path, "%s/harness-fifo.%d", tmpfs(), getpid());
	NEED(syscall(SYS_mknodat, AT_FDCWD, path, S_IFIFO | 0600, 0L) == 0);
}

static long fill_up(int fd)
{
	static char block[1 << 20];
	long n = 0, got;

	while ((got = write(fd, block, (size_t)P)) > 0)
		n += got;
	return n / P;
}

static void run(void)
{
	int ends[2], fd;
	FILE *stream;

	make();
	NEED((fd = open(path, O_RDWR | O_NONBLOCK)) >= 0);
	say("opened to write, it holds %ld pages", fill_up(fd));
	SHOW(fcntl(fd, F_GETPIPE_SZ) / P);
	close(fd);
	NEED((fd = syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_NONBLOCK)) >= 0);
	SHOW(fcntl(fd, F_GETPIPE_SZ) / P);
	SHOW(syscall(SYS_fcntl, fd, F_GETPIPE_SZ) / P);
	close(fd);
	NEED((stream = fopen(path, "r+")) != NULL);
	fcntl(fileno(stream), F_SETFL, O_NONBLOCK);
	say("through stdio, it holds %ld pages", fill_up(fileno(stream)));
	fclose(stream);

	/* the sizes of other pipes say nothing of this one */
	NEED(pipe(ends) == 0);
	SHOW(fcntl(ends[0], F_SETPIPE_SZ, P) / P);
	SHOW(fcntl(ends[0], F_SETPIPE_SZ, 65536) >= 65536);
	NEED((fd = open(path, O_RDWR | O_NONBLOCK)) >= 0);
	SHOW(fcntl(fd, F_GETPIPE_SZ) / P);
	SHOW(fcntl(fd, F_SETPIPE_SZ, 2 * P) / P);
	close(fd);
	NEED((fd = open(path, O_RDWR)) >= 0);
	SHOW(fcntl(fd, F_GETPIPE_SZ) / P);
	unlink(path);
}
