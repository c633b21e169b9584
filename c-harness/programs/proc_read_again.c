/* group: proc */
/* Files of /proc tell what is now, each time they are read from the beginning; their
 * descriptors are like any other. */
#include "../harness.h"

static long size_in(const char *text)
{
	long size = -1;

	sscanf(text, "%ld", &size);
	return size;
}

static long by_read(int fd)
{
	char text[256] = "";

	NEED(lseek(fd, 0, SEEK_SET) == 0);
	NEED(read(fd, text, sizeof text - 1) > 0);
	return size_in(text);
}

static long by_pread(int fd)
{
	char text[256] = "";

	NEED(pread(fd, text, sizeof text - 1, 0) > 0);
	return size_in(text);
}

static long by_stream(FILE *stream)
{
	char text[256] = "";

	rewind(stream);
	NEED(fgets(text, sizeof text, stream));
	return size_in(text);
}

static int near(long grown, long wanted)
{
	return grown >= wanted && grown <= wanted + 4;
}

static void run(void)
{
	int fd = open("/proc/self/statm", O_RDONLY);
	int dir = open("/proc/self", O_RDONLY | O_DIRECTORY);
	int other = openat(dir, "statm", O_RDONLY | O_CLOEXEC);
	FILE *stream = fopen("/proc/self/statm", "re");

	NEED(fd >= 0 && dir >= 0 && other >= 0 && stream);
	CHECK(dir == fd + 1 && other == fd + 2 && fileno(stream) == fd + 3);
	SHOW(fcntl(fd, F_GETFD));
	SHOW(fcntl(other, F_GETFD));
	SHOW(fcntl(fileno(stream), F_GETFD));
	SHOW(fcntl(fd, F_GETFL) & O_ACCMODE);
	errno = 0;
	CHECK(write(fd, "1", 1) == -1 && errno == EBADF);
	setvbuf(stream, NULL, _IONBF, 0);
	by_stream(stream);
	long before = by_read(fd), then = by_pread(other), streamed = by_stream(stream);
	NEED(mmap(NULL, 640 * P, PROT_NONE, ANON | MAP_NORESERVE, -1, 0) != MAP_FAILED);
	CHECK(near(by_read(fd) - before, 640));
	CHECK(near(by_pread(other) - then, 640));
	CHECK(near(by_stream(stream) - streamed, 640));
	int twin = dup(fd);
	NEED(mmap(NULL, 640 * P, PROT_NONE, ANON | MAP_NORESERVE, -1, 0) != MAP_FAILED);
	CHECK(near(by_read(twin) - before, 1280));
	char path[64];
	snprintf(path, sizeof path, "/proc/%d/task/%d/statm", (int)getpid(), (int)getpid());
	int long_way = open(path, O_RDONLY);
	NEED(long_way >= 0);
	CHECK(near(by_read(long_way) - before, 1280));
	errno = 0;
	CHECK(open("/proc/self/nothing/statm", O_RDONLY) == -1 && errno == ENOENT);
}
