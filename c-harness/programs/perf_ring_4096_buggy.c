/* group: special; needs: glibc */
/* A perf ring of 1 + 8 pages of 4096 bytes, its data looked for behind the first
 * 4096 (libs, deepflow). */
#include "../harness.h"
#include <linux/perf_event.h>

static void run(void)
{
	struct perf_event_attr attr = { .type = PERF_TYPE_SOFTWARE, .size = sizeof attr,
					.config = PERF_COUNT_SW_TASK_CLOCK, .exclude_kernel = 1 };
	int fd = (int)syscall(SYS_perf_event_open, &attr, 0, -1, -1, 0);

	if (fd < 0)
		SKIP("perf_event_open: %s", error_name(errno));
	char *p = mmap(NULL, (1 + 8) * 4096, RW, MAP_SHARED, fd, 0);
	NEED(p != MAP_FAILED);
	struct perf_event_mmap_page *page = (void *)p;
	say("data where the first 4096 bytes end: %s", page->data_offset == 4096 ? "yes" : "no");
	say("8 * 4096 bytes of it: %s", page->data_size == 8 * 4096 ? "yes" : "no");
}
