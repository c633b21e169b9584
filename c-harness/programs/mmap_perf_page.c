/* group: special; needs: glibc */
/* The first page of a perf event may be mapped alone, for what it says of the counter. */
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
	const long lengths[] = { P, P - 1, P / 2, P / 16, 1 };

	for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
		struct perf_event_mmap_page *page = mmap(NULL, (size_t)lengths[i], PROT_READ, MAP_SHARED, event(), 0);
		if (page == MAP_FAILED) {
			say("%ld/16: %s", lengths[i] * 16 / P, error_name(errno));
			continue;
		}
		say("%ld/16: version %u, data %ld, %s", lengths[i] * 16 / P, page->version, (long)page->data_size,
		    (uintptr_t)page % P ? "misaligned" : "aligned");
		CALL(munmap(page, P));
		READ((char *)page);
	}
	char *place = rw_area(4 * P);
	MAP(mmap(place + P, P, PROT_READ, MAP_SHARED | MAP_FIXED, event(), 0));
	MAP(mmap(place + P + P / 2, P, PROT_READ, MAP_SHARED | MAP_FIXED, event(), 0));
	MAP(mmap(place + P, P, PROT_READ, MAP_SHARED | MAP_FIXED_NOREPLACE, event(), 0));
	MAP(mmap(NULL, P, PROT_READ, MAP_PRIVATE, event(), 0));
	say("around: %s, %s", pages(place, 1), pages(place + 2 * P, 2));
}
