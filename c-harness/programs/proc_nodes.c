/* group: proc */
/* What nodes of the machine have, and mappings have of nodes, is told in pages. */
#include "../harness.h"

static char text[1 << 16];

static int load(const char *name)
{
	long n = 0, got;
	int fd = open(name, O_RDONLY);

	while (fd >= 0 && n < (long)sizeof text - 1 && (got = read(fd, text + n, sizeof text - 1 - n)) > 0)
		n += got;
	text[n] = 0;
	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

static long kib(const char *name)
{
	char *at = strstr(text, name);

	return at ? atol(at + strlen(name)) : -1;
}

/* A count in the line of the mapping at p. */
static long count(const char *p, const char *name)
{
	char start[32], *at, *end;

	snprintf(start, sizeof start, "%lx ", (unsigned long)p);
	at = strstr(text, start);
	if (!at)
		return -1;
	end = strchr(at, '\n');
	at = strstr(at, name);
	return at && at < end ? atol(at + strlen(name)) : 0;
}

static void run(void)
{
	if (!load("/sys/devices/system/node/node0/meminfo"))
		SKIP("no nodes: %s", error_name(errno));
	SHOW(kib(" MemTotal:") * 1024 % P);
	SHOW(kib(" MemFree:") * 1024 % P);
	SHOW(kib(" AnonPages:") * 1024 % P);
	CHECK(kib(" MemTotal:") > 0 && kib(" MemFree:") > 0);
	long pages = kib(" MemTotal:") * 1024 / P;
	CHECK(load("/sys/devices/system/node/node0/vmstat"));
	CHECK(kib("nr_free_pages ") > 0 && kib("nr_free_pages ") <= pages);

	char *p = rw_area(8 * P);
	memset(p, 1, (size_t)(3 * P));
	int fd = tagged_file(tmpfs(), 2 * P);
	char *q = mmap(NULL, 2 * P, RW, MAP_SHARED, fd, 0);
	memset(q, 1, (size_t)(2 * P));
	if (!load("/proc/self/numa_maps"))
		SKIP("no numa_maps: %s", error_name(errno));
	SHOW(count(p, " anon="));
	SHOW(count(p, " dirty="));
	SHOW(count(p, " N0="));
	SHOW(count(p, " kernelpagesize_kB=") * 1024 / P);
	SHOW(count(q, " mapped="));
	SHOW(count(q, " N0="));
	SHOW(count(q, " kernelpagesize_kB=") * 1024 / P);
}
