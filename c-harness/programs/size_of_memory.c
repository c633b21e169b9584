/* group: size; needs: glibc */
/* Pages of memory times the page size is the memory there is. */
#include "../harness.h"
#include <sys/sysinfo.h>

static void run(void)
{
	struct sysinfo info;

	NEED(sysinfo(&info) == 0);
	long total = (long)(info.totalram * info.mem_unit);
	long rest = total - sysconf(_SC_PHYS_PAGES) * P;
	CHECK(rest >= 0 && rest < P);
	CHECK(get_phys_pages() == sysconf(_SC_PHYS_PAGES));
	CHECK(sysconf(_SC_AVPHYS_PAGES) > 0);
	CHECK(sysconf(_SC_AVPHYS_PAGES) * P < total);
	long free_now = (long)(info.freeram * info.mem_unit);
	CHECK(labs(get_avphys_pages() * P - free_now) < total / 4);
}
