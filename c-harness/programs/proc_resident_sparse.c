/* group: proc */
/* A touched byte costs a page: in statm, stat, status and smaps_rollup alike. */
#include "../harness.h"

enum { PAGES = 400 };

static long read_number(const char *file, int field)
{
	char text[2048] = "", *at = text;
	int fd = open(file, O_RDONLY);

	NEED(fd >= 0 && read(fd, text, sizeof text - 1) > 0);
	close(fd);
	if (strrchr(text, ')'))
		at = strrchr(text, ')') + 2;
	for (int i = 0; i < field; i++)
		at = strchr(at, ' ') + 1;
	return atol(at);
}

struct seen {
	long statm, stat, status, anon, rollup;
};

static struct seen look(void)
{
	return (struct seen){
		.statm = read_number("/proc/self/statm", 1),
		.stat = read_number("/proc/self/stat", 21),
		.status = proc_field("/proc/self/status", "VmRSS") * 1024 / P,
		.anon = proc_field("/proc/self/status", "RssAnon") * 1024 / P,
		.rollup = proc_field("/proc/self/smaps_rollup", "Rss") * 1024 / P,
	};
}

/* Counters are kept by processor and may lag, and reading takes memory too. */
static void tell(const char *what, long before, long after)
{
	long grown = after - before;

	say("%s grew by as many pages: %s", what, labs(grown - PAGES) < PAGES / 3 ? "yes" : "NO");
}

static void run(void)
{
	char *p = rw_area(PAGES * P);

	madvise(p, PAGES * P, MADV_NOHUGEPAGE);
	look();
	struct seen before = look();
	for (int i = 0; i < PAGES; i++)
		p[i * P] = 1;
	struct seen after = look();
	tell("statm", before.statm, after.statm);
	tell("stat", before.stat, after.stat);
	tell("VmRSS", before.status, after.status);
	tell("RssAnon", before.anon, after.anon);
	tell("smaps_rollup", before.rollup, after.rollup);
	say("VmHWM is at least that: %s",
	    proc_field("/proc/self/status", "VmHWM") >= proc_field("/proc/self/status", "VmRSS") ? "yes" : "NO");
	NEED(madvise(p, PAGES * P, MADV_DONTNEED) == 0);
	struct seen gone = look();
	tell("given back, statm", gone.statm, after.statm);
	tell("VmRSS", gone.status, after.status);
}
