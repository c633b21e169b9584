/* group: proc; needs: glibc */
/* The files of /proc count in pages however they are opened. */
#include "../harness.h"
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <sys/uio.h>

/* KernelPageSize of the first mapping in pages, -1 when there is none. */
static long pages_in(FILE *stream)
{
	char line[4096];
	long value = -1;

	while (value < 0 && fgets(line, sizeof line, stream))
		if (!strncmp(line, "KernelPageSize:", 15))
			value = atol(line + 15);
	return value < 0 ? -1 : value * 1024 / P;
}

static long by_fd(int fd)
{
	NEED(fd >= 0);
	FILE *stream = fdopen(fd, "r");
	long n = pages_in(stream);

	fclose(stream);
	return n;
}

static void entries(const char *how, long got, const uint64_t *entry)
{
	say("%s: %ld bytes, present %d%d%d", how, got, (int)(entry[0] >> 63), (int)(entry[1] >> 63),
	    (int)(entry[2] >> 63));
}

static void run(void)
{
	const char *smaps = "/proc/self/smaps";
	struct open_how how = { .flags = O_RDONLY };

	SHOW(by_fd(open(smaps, O_RDONLY)));
	SHOW(by_fd(syscall(SYS_openat2, AT_FDCWD, smaps, &how, sizeof how)));
	FILE *stream = fopen("/dev/null", "r");
	NEED(stream && (stream = freopen(smaps, "r", stream)) != NULL);
	SHOW(pages_in(stream));
	NEED((stream = freopen64(smaps, "re", stream)) != NULL);
	CHECK(fcntl(fileno(stream), F_GETFD) == FD_CLOEXEC);
	SHOW(pages_in(stream));
	fclose(stream);

	/* by a descriptor that only names it, and once more what is open */
	char name[64];
	int path = open(smaps, O_PATH), again;
	sprintf(name, "/proc/self/fd/%d", path);
	SHOW(by_fd(open(name, O_RDONLY)));
	int fd = open(smaps, O_RDONLY);
	sprintf(name, "/dev/fd/%d", fd);
	NEED((again = open(name, O_RDONLY)) >= 0);
	SHOW(by_fd(again));
	SHOW(by_fd(dup(fd)));
	SHOW(by_fd(open("/proc/thread-self/smaps", O_RDONLY)));

	/* pagemap in pieces */
	char *p = rw_area(4 * P);
	uint64_t entry[3] = { 0 };
	struct iovec parts[2] = { { entry, 8 }, { entry + 1, 16 } };
	p[0] = p[2 * P] = 1;
	long at = (long)((uintptr_t)p / (uintptr_t)P * 8);
	NEED((fd = open("/proc/self/pagemap", O_RDONLY)) >= 0);
	entries("preadv", preadv(fd, parts, 2, at), entry);
	memset(entry, 0, sizeof entry);
	entries("preadv2", preadv2(fd, parts, 2, at, 0), entry);
	memset(entry, 0, sizeof entry);
	CHECK(lseek(fd, at, SEEK_SET) == at);
	entries("readv", readv(fd, parts, 2), entry);
	memset(entry, 0, sizeof entry);
	CHECK(lseek(fd, at, SEEK_SET) == at);
	entries("readv by number", syscall(SYS_readv, fd, parts, 2), entry);
}
