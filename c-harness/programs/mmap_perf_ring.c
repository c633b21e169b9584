/* group: special; needs: glibc */
/* The ring of a perf event: one page and a power of two of them. */
#include "../harness.h"
#include <linux/perf_event.h>

static int event(void)
{
	struct perf_event_attr attr = { .type = PERF_TYPE_SOFTWARE, .size = sizeof attr,
					.config = PERF_COUNT_SW_TASK_CLOCK, .exclude_kernel = 1 };
	int fd = (int)syscall(SYS_perf_event_open, &attr, 0, -1, -1, 0);

	if (fd < 0)
		SKIP("perf_event_open: %s", error_name(errno));
	return fd;
}

static void run(void)
{
	int fd = event();

	MAP(mmap(NULL, 3 * P, RW, MAP_SHARED, fd, P / 2));
	MAP(mmap(NULL, 4 * P, RW, MAP_SHARED, fd, 0));
	char *p = mmap(NULL, 3 * P, RW, MAP_SHARED, fd, 0);
	NEED(p != MAP_FAILED);
	struct perf_event_mmap_page *page = (void *)p;
	CHECK(page->data_offset == (uint64_t)P && page->data_size == 2 * (uint64_t)P);
	PAGES(p, 3);
	CALL(munmap(p, 3 * P));
	MAP(mmap(NULL, P + P / 2, RW, MAP_SHARED, event(), 0));
	MAP(mmap(NULL, 1, RW, MAP_SHARED, event(), 0));
}
