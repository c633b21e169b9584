/* group: proc */
/* What kind of pages a range has, and what a mapping is, asked by ioctl(2) (Linux 6.7
 * and 6.11): in whole pages. */
#include "../harness.h"
#include <sys/ioctl.h>

struct region {
	uint64_t start, end, categories;
};

struct scan {
	uint64_t size, flags, start, end, walk_end, regions, count, most, inverted, all_of, any_of, shown;
};

struct query {
	uint64_t size, flags, address, start, end, protection, page_size, offset, inode;
	uint32_t major, minor, name_size, id_size;
	uint64_t name, id;
};

#define SCAN _IOWR('f', 16, struct scan)
#define QUERY _IOWR('f', 17, struct query)

enum { OF_FILE = 4, PRESENT = 8, ZERO = 32 };

static int pagemap;
static char *base;
static struct region found[16];

static long in_sixteenths(uint64_t address)
{
	return (long)(address - (uintptr_t)base) * 16 / P;
}

static void ask(struct scan scan)
{
	scan.size = sizeof scan;
	scan.start += (uintptr_t)base;
	scan.end += (uintptr_t)base;
	scan.regions = (uintptr_t)found;
	memset(found, 0, sizeof found);
	errno = 0;
	int n = ioctl(pagemap, SCAN, &scan);
	if (n < 0) {
		say("from %ld: %s", in_sixteenths(scan.start), error_name(errno));
		return;
	}
	say("from %ld to %ld, %ld regions, %ld pages at most: %d, up to %ld", in_sixteenths(scan.start),
	    in_sixteenths(scan.end), (long)scan.count, (long)scan.most, n, in_sixteenths(scan.walk_end));
	for (int i = 0; i < n; i++)
		say("  %ld to %ld: %ld", in_sixteenths(found[i].start), in_sixteenths(found[i].end),
		    (long)found[i].categories);
}

static void run(void)
{
	struct scan known = { .size = sizeof known };
	struct query query = { .size = sizeof query };
	int maps = open("/proc/self/maps", O_RDONLY);

	pagemap = open("/proc/self/pagemap", O_RDONLY);
	NEED(pagemap >= 0 && maps >= 0);
	if (ioctl(pagemap, SCAN, &known) == -1 && errno == ENOTTY)
		SKIP("no PAGEMAP_SCAN");
	base = rw_area(16 * P);
	query.address = (uintptr_t)base;
	if (ioctl(maps, QUERY, &query) == -1)
		SKIP("no PROCMAP_QUERY");
	SHOW(query.page_size * 16 / P);
	CHECK(query.start <= (uintptr_t)base && query.end >= (uintptr_t)base + 16 * P);

	base[P / 2] = base[3 * P + P / 4] = base[4 * P] = base[7 * P + P - 1] = 1;
	const struct scan present = { .end = 16 * P, .count = 16, .all_of = PRESENT, .shown = PRESENT };
	struct scan scan = present;
	ask(scan);
	for (scan.most = 1; scan.most <= 4; scan.most++)
		ask(scan);
	scan = present;
	for (scan.count = 1; scan.count <= 3; scan.count++)
		ask(scan);
	scan = present;
	scan.start = P / 16;
	ask(scan);
	scan.start = P;
	scan.end = 3 * P + P / 16;
	ask(scan);
	scan = present;
	scan.inverted = PRESENT;
	ask(scan);
	scan.all_of = 0;
	scan.any_of = PRESENT;
	ask(scan);
	scan.any_of = 0;
	ask(scan);
	scan.shown = 1UL << 40;
	ask(scan);

	/* pages of zeros, and of a file of which the process has its own */
	NEED(!madvise(base, 16 * P, MADV_DONTNEED));
	(void)*(volatile char *)base;
	(void)*(volatile char *)(base + P);
	(void)*(volatile char *)(base + P + P / 2);
	base[P + P / 4] = 1;
	scan = present;
	scan.end = 2 * P;
	scan.shown = PRESENT | ZERO;
	ask(scan);
	int fd = tagged_file(tmpfs(), 4 * P);
	NEED(mmap(base, 4 * P, RW, MAP_PRIVATE | MAP_FIXED, fd, 0) == base);
	for (long i = 0; i < 4 * P; i += P / 16)
		(void)*(volatile char *)(base + i);
	base[2 * P + P / 2] = 1;
	scan.end = 4 * P;
	scan.shown = PRESENT | OF_FILE;
	ask(scan);
	uint64_t entries[4];
	NEED(pread(pagemap, entries, sizeof entries, (off_t)((uintptr_t)base / P * sizeof *entries)) == sizeof entries);
	for (int i = 0; i < 4; i++)
		say("page %d is the file's: %d", i, (int)(entries[i] >> 61 & 1));
	/* the file is looked at before the arguments */
	scan = (struct scan){ .size = sizeof scan, .start = (uintptr_t)base + 1, .end = (uintptr_t)base + P,
		.regions = (uintptr_t)entries, .count = 1, .all_of = PRESENT, .shown = PRESENT };
	CALL(ioctl(fd, SCAN, &scan));
	CALL(ioctl(fd, SCAN, NULL));
	CALL(ioctl(-1, SCAN, NULL));
	CALL(ioctl(pagemap, SCAN, NULL));
	CALL(ioctl(pagemap, SCAN, &scan));
}
