/* group: proc */
/* statm counts pages. */
#include "../harness.h"

static long statm(int field)
{
	char text[256] = "";
	long v[2] = { -1, -1 };
	int fd = open("/proc/self/statm", O_RDONLY);

	NEED(fd >= 0 && read(fd, text, sizeof text - 1) > 0);
	close(fd);
	NEED(sscanf(text, "%ld %ld", v, v + 1) == 2);
	return v[field];
}

static void run(void)
{
	long size = statm(0);

	CHECK(labs(size * P - proc_field("/proc/self/status", "VmSize") * 1024) <= 64 * P);
	char *p = mmap(NULL, 256 * P, RW, ANON | MAP_NORESERVE, -1, 0);
	NEED(p != MAP_FAILED);
	madvise(p, 256 * P, MADV_NOHUGEPAGE);
	/* the program's own machinery may take a page meanwhile */
	CHECK(labs(statm(0) - size - 256) <= 2);
	long resident = statm(1);
	memset(p, 1, 200 * P);
	/* counters are kept by processor and may lag */
	long grown = statm(1) - resident;
	say("touched 200 pages, resident grew by about that: %s", grown > 120 && grown < 280 ? "yes" : "NO");
}
