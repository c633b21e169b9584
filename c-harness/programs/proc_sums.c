/* group: proc */
/* Sums over a process and over the machine are whole pages, and what is locked is
 * counted as such. */
#include "../harness.h"

static void run(void)
{
	static const char *const fields[] = { "MemTotal", "MemFree", "Cached", "Slab", "PageTables",
					      "CommitLimit", "Committed_AS", "VmallocUsed", "Percpu" };

	for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
		say("%s: %s", fields[i],
		    proc_field("/proc/meminfo", fields[i]) * 1024 % P ? "OTHER" : "pages");
	SHOW(proc_field("/proc/self/smaps_rollup", "Locked"));
	char *p = rw_area(16 * P);
	for (long i = 0; i < 16; i++)
		p[i * P + P / 2] = 1;
	NEED(mlock(p + 4 * P, (size_t)(P + 1)) == 0);
	SHOW(proc_field("/proc/self/smaps_rollup", "Locked") * 1024 / P);
	SHOW(proc_field("/proc/self/status", "VmLck") * 1024 / P);
	NEED(munlock(p + 4 * P, 1) == 0);
	SHOW(proc_field("/proc/self/smaps_rollup", "Locked") * 1024 / P);
}
