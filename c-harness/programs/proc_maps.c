/* group: proc */
/* Every line of maps begins and ends on a page, with an offset that does. */
#include "../harness.h"

static void run(void)
{
	FILE *f = fopen("/proc/self/maps", "r");
	char line[512], protection[8];
	unsigned long from, to, offset;
	long lines = 0, off_page = 0, bad_offset = 0;

	while (f && fgets(line, sizeof line, f))
		if (sscanf(line, "%lx-%lx %7s %lx", &from, &to, protection, &offset) == 4 && from < 1UL << 63) {
			lines++;
			off_page += from % P || to % P;
			bad_offset += offset % P != 0;
		}
	CHECK(lines > 5);
	SHOW(off_page);
	SHOW(bad_offset);
}
