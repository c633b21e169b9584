/* Times memory calls as the program makes them against the C library's own, which it would make without the
 * library, in one process, in turns.
 *
 *   speed [--live N] [--threads K] [--rounds R]
 *   speed --table N     bytes of resident memory that one of N untouched mappings costs
 *
 * Prints "name ratio native-ns": the median over the rounds of (time of the call / time of the C library's), and the
 * median time of the latter.  Run under the library the ratio is its cost; run without it is 1.  The sizes are in
 * units of the page size shown.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

struct way {
	void *(*map)(void *, size_t, int, int, int, off_t);
	int (*unmap)(void *, size_t);
	int (*protect)(void *, size_t, int);
	int (*advise)(void *, size_t, int);
	int (*incore)(void *, size_t, unsigned char *);
	void *(*remap)(void *, size_t, size_t, int, ...);
	ssize_t (*put)(int, const void *, size_t);
	int (*open)(const char *, int, ...);
	int (*close)(int);
};
static const struct way through = { mmap, munmap, mprotect, madvise, mincore, mremap, write, open, close };
static struct way own;

/* The C library's functions, whoever defines some in front of them. */
static void find_own(void)
{
	void *library = dlopen("libc.so.6", RTLD_LAZY | RTLD_NOLOAD);

	own = through;
#define FIND(member, name)                                   \
	do {                                                 \
		void *found = library ? dlsym(library, name) : NULL; \
		if (found)                                   \
			*(void **)&own.member = found;       \
	} while (0)
	FIND(map, "mmap");
	FIND(unmap, "munmap");
	FIND(protect, "mprotect");
	FIND(advise, "madvise");
	FIND(incore, "mincore");
	FIND(remap, "mremap");
	FIND(put, "write");
	FIND(open, "open");
	FIND(close, "close");
#undef FIND
}
static long P;
static int file = -1, null = -1;
static char *area, *corner;

static void pair(const struct way *w)
{
	char *p = w->map(NULL, (size_t)P, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	*p = 1;
	w->unmap(p, (size_t)P);
}
static void flip(const struct way *w)
{
	w->protect(area + 64 * P, (size_t)P, PROT_READ);
	w->protect(area + 64 * P, (size_t)P, PROT_READ | PROT_WRITE);
}
static void from_file(const struct way *w)
{
	volatile char *p = w->map(NULL, (size_t)(4 * P), PROT_READ, MAP_PRIVATE, file, 0);
	(void)p[0], (void)p[3 * P];
	w->unmap((void *)p, (size_t)(4 * P));
}
static void discard(const struct way *w)
{
	area[P] = 1;
	w->advise(area + P, (size_t)P, MADV_DONTNEED);
}
static void ask(const struct way *w)
{
	unsigned char v[64];
	w->incore(area, (size_t)(4096 * 4), v);
}
static void ask_for_16(const struct way *w)
{
	static unsigned char v[16 * 256];
	w->incore(area, (size_t)(16 * P), v);
}
/* grows a mapping that something lies behind */
static void move(const struct way *w)
{
	char *p = w->map(corner, (size_t)(2 * P), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	*p = 1;
	w->unmap(w->remap(p, (size_t)(2 * P), (size_t)(4 * P), MREMAP_MAYMOVE), (size_t)(4 * P));
}
static void one_byte(const struct way *w) { w->put(null, "x", 1); }

static void open_file(const struct way *w) { w->close(w->open("/etc/passwd", O_RDONLY)); }

static const struct { const char *name; void (*work)(const struct way *); } works[] = {
	{ "mmap+munmap, one page touched", pair },
	{ "mprotect flip", flip },
	{ "file mmap+read+munmap", from_file },
	{ "madvise DONTNEED", discard },
	{ "mincore of 4 small pages", ask },
	{ "mincore of 16 pages", ask_for_16 },
	{ "mmap+mremap that moves+munmap", move },
	{ "write of 1 byte to /dev/null", one_byte },
	{ "open+close of a file", open_file },
};

static double now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}
static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return x < y ? -1 : x > y;
}

static long resident(void)
{
	long pages = 0, all;
	FILE *f = fopen("/proc/self/smaps_rollup", "r");
	char line[256];
	while (f && fgets(line, sizeof line, f))
		if (sscanf(line, "Rss: %ld", &all) == 1)
			pages = all;
	if (f)
		fclose(f);
	return pages * 1024;
}
/* neighbours of another protection stay apart */
static void table(long n)
{
	long before = resident();
	for (long i = 0; i < n; i++)
		mmap(NULL, (size_t)P, i & 1 ? PROT_READ : PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	printf("%ld\n", (resident() - before) / n);
}

enum { BATCH = 200, MOST = 2000 };
static long rounds = 300;

static double batch(void (*work)(const struct way *), const struct way *w)
{
	double t = now();
	for (int i = 0; i < BATCH; i++)
		work(w);
	return (now() - t) / BATCH;
}
struct result { double ratio, own; };
static struct result measure(void (*work)(const struct way *))
{
	static __thread double ratios[MOST], times[MOST];
	for (long r = 0; r < rounds; r++) {
		double a, b;
		if (r & 1) {
			a = batch(work, &through);
			b = batch(work, &own);
		} else {
			b = batch(work, &own);
			a = batch(work, &through);
		}
		ratios[r] = a / b;
		times[r] = b;
	}
	qsort(ratios, (size_t)rounds, sizeof *ratios, compare);
	qsort(times, (size_t)rounds, sizeof *times, compare);
	return (struct result){ ratios[rounds / 2], times[rounds / 2] };
}
static pthread_barrier_t barrier;
static void *thread(void *out)
{
	pthread_barrier_wait(&barrier);
	*(struct result *)out = measure(pair);
	return NULL;
}

int main(int argc, char **argv)
{
	long live = 10, threads = 1;

	P = sysconf(_SC_PAGESIZE);
	find_own();
	if (argc > 2 && !strcmp(argv[1], "--table")) {
		table(atol(argv[2]));
		return 0;
	}
	for (int i = 1; i + 1 < argc; i += 2) {
		long v = atol(argv[i + 1]);
		if (!strcmp(argv[i], "--live"))
			live = v;
		else if (!strcmp(argv[i], "--threads"))
			threads = v;
		else if (!strcmp(argv[i], "--rounds"))
			rounds = v < MOST ? v : MOST;
	}
	char name[] = "/tmp/speed.XXXXXX";
	file = mkstemp(name);
	null = open("/dev/null", O_WRONLY);
	if (file < 0 || null < 0 || ftruncate(file, 4 * P))
		return 1;
	unlink(name);
	area = mmap(NULL, (size_t)(256 * P), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	madvise(area, (size_t)(256 * P), MADV_NOHUGEPAGE);
	memset(area, 1, (size_t)(256 * P));
	corner = mmap(NULL, (size_t)(8 * P), PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	/* neighbours of another protection stay apart; half each way */
	for (long i = 0; i < live; i++) {
		const struct way *w = i & 1 ? &through : &own;
		if (w->map(NULL, (size_t)P, i & 2 ? PROT_READ : PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0) == MAP_FAILED)
			return 2;
	}
	if (threads > 1) {
		pthread_t t[64];
		struct result r[64], sum = { 0, 0 };
		threads = threads < 64 ? threads : 64;
		pthread_barrier_init(&barrier, NULL, (unsigned)threads);
		for (long i = 0; i < threads; i++)
			pthread_create(&t[i], NULL, thread, &r[i]);
		for (long i = 0; i < threads; i++) {
			pthread_join(t[i], NULL);
			sum.ratio += r[i].ratio / (double)threads;
			sum.own += r[i].own / (double)threads;
		}
		printf("%s\t%.3f\t%.0f\n", works[0].name, sum.ratio, sum.own);
		return 0;
	}
	for (size_t i = 0; i < sizeof works / sizeof *works; i++) {
		struct result r = measure(works[i].work);
		printf("%s\t%.3f\t%.0f\n", works[i].name, r.ratio, r.own);
	}
	return 0;
}
