/* group: eof */
/* Files mapped, used behind their ends and unmapped, over and over, with descriptors
 * to spare and with none left: nothing stays behind. The argument is the number
 * of times. */
#include "../harness.h"

static long lines(const char *file)
{
	static char text[1 << 14];
	long count = 0, got;
	int fd = open(file, O_RDONLY);

	NEED(fd >= 0);
	while ((got = read(fd, text, sizeof text)) > 0)
		for (long i = 0; i < got; i++)
			count += text[i] == '\n';
	close(fd);
	return count;
}

static long descriptors(void)
{
	long count = 0;

	for (int fd = 0; fd < 64; fd++)
		count += fcntl(fd, F_GETFD) >= 0;
	return count;
}

static long cycles(const int *fds, long n)
{
	long wrong = 0, size = P / 4 + 10;

	for (long i = 0; i < n; i++) {
		int fd = fds[i % 2];
		char *p = mmap(NULL, P, RW, i & 2 ? MAP_SHARED : MAP_PRIVATE, fd, 0);

		NEED(p != MAP_FAILED);
		if (i % 3)
			p[P - 1] = 1;
		if (i % 64 == 0)
			NEED(ftruncate(fd, size + i % 7) == 0);
		wrong += p[0] != (char)tag(0) || p[size - 1] != (char)tag(size - 1) || p[P / 2] != 0;
		NEED(munmap(p, P) == 0);
	}
	return wrong;
}

static void run(void)
{
	long n = arg_count > 1 ? atol(args[1]) : 2000;
	struct rlimit limit = { 32, 32 };
	int fds[2] = { tagged_file(tmpfs(), P / 4 + 10), tagged_file(disk(), P / 4 + 10) };

	SHOW(cycles(fds, 20));
	long before = descriptors(), mappings = lines("/proc/self/maps");
	SHOW(cycles(fds, n / 2));
	SHOW(descriptors() - before);
	CHECK(lines("/proc/self/maps") - mappings <= 4);

	NEED(setrlimit(RLIMIT_NOFILE, &limit) == 0);
	int last = -1;
	for (int fd; (fd = dup(fds[0])) >= 0;)
		last = fd;
	SHOW(cycles(fds, n / 2));
	SHOW(descriptors());
	NEED(close(last) == 0);
	CHECK(lines("/proc/self/maps") - mappings <= 4);
}
