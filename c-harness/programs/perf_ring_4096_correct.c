/* group: special; needs: glibc */
/* Its twin counts in pages, and finds the data where the first page ends. */
#include "../harness.h"
#include <linux/perf_event.h>

static void run(void)
{
	struct perf_event_attr attr = { .type = PERF_TYPE_SOFTWARE, .size = sizeof attr,
					.config = PERF_COUNT_SW_TASK_CLOCK, .exclude_kernel = 1 };
	int fd = (int)syscall(SYS_perf_event_open, &attr, 0, -1, -1, 0);

	if (fd < 0)
		SKIP("perf_event_open: %s", error_name(errno));
	char *p = mmap(NULL, (1 + 2) * P, RW, MAP_SHARED, fd, 0);
	NEED(p != MAP_FAILED);
	struct perf_event_mmap_page *page = (void *)p;
	CHECK((long)page->data_offset == P);
	CHECK((long)page->data_size == 2 * P);
	READ(p + 3 * P - 1);
}
