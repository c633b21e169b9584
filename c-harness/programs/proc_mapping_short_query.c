/* group: proc */
/* PROCMAP_QUERY with a structure that ends in front of the page size, and of the page. */
#include "../harness.h"
#include <sys/ioctl.h>

#define QUERY _IOC(_IOC_READ | _IOC_WRITE, 'f', 17, 104)

static void run(void)
{
	char *at = mmap(NULL, 2 * P, RW, ANON, -1, 0);
	int fd = open("/proc/self/maps", O_RDONLY);
	uint64_t whole[13] = { sizeof whole };

	NEED(at != MAP_FAILED && munmap(at + P, P) == 0 && fd >= 0);
	whole[2] = (uintptr_t)at;
	if (ioctl(fd, QUERY, whole) != 0)
		SKIP("no PROCMAP_QUERY");
	say("page size: %ld", (long)(whole[6] == (uint64_t)P));
	for (size_t words = 2; words < 8; words++) {
		uint64_t *query = (uint64_t *)(at + P) - words;

		query[0] = words * sizeof *query;
		query[1] = 0;
		if (words > 2)
			query[2] = (uintptr_t)at;
		int answer = ioctl(fd, QUERY, query);
		say("%zu words: %s", words, answer == 0 ? "done" : error_name(errno));
		if (answer == 0 && words > 6)
			say("  page size: %d", query[6] == (uint64_t)P);
	}
	close(fd);
}
