/* Times memory calls as the program makes them against the bare system call, in one process, in turns.
 *
 *   speed [--live N] [--threads K] [--rounds R]
 *   speed --table N     bytes of resident memory that one of N untouched mappings costs
 *
 * Prints "name ratio native-ns": the median over the rounds of (time through the C library / time of the
 * instruction), and the median time of the instruction itself.  Run under the library the ratio is its
 * cost; run without it is the C library's own, about 1.  The sizes are in units of the page size shown.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* the instruction, which no preloaded library sees */
static long bare(long n, long a, long b, long c, long d, long e, long f)
{
#if defined(__x86_64__)
	long r;
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register long r9 __asm__("r9") = f;
	__asm__ volatile("syscall" : "=a"(r) : "a"(n), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9) : "rcx", "r11", "memory");
	return r;
#elif defined(__aarch64__)
	register long x8 __asm__("x8") = n;
	register long x0 __asm__("x0") = a;
	register long x1 __asm__("x1") = b;
	register long x2 __asm__("x2") = c;
	register long x3 __asm__("x3") = d;
	register long x4 __asm__("x4") = e;
	register long x5 __asm__("x5") = f;
	__asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5) : "memory");
	return x0;
#else
	return syscall(n, a, b, c, d, e, f);
#endif
}

struct way {
	void *(*map)(void *, size_t, int, int, int, off_t);
	int (*unmap)(void *, size_t);
	int (*protect)(void *, size_t, int);
	int (*advise)(void *, size_t, int);
	int (*incore)(void *, size_t, unsigned char *);
	ssize_t (*put)(int, const void *, size_t);
};
static void *bare_map(void *a, size_t n, int p, int fl, int fd, off_t o) { return (void *)bare(SYS_mmap, (long)a, (long)n, p, fl, fd, o); }
static int bare_unmap(void *a, size_t n) { return (int)bare(SYS_munmap, (long)a, (long)n, 0, 0, 0, 0); }
static int bare_protect(void *a, size_t n, int p) { return (int)bare(SYS_mprotect, (long)a, (long)n, p, 0, 0, 0); }
static int bare_advise(void *a, size_t n, int w) { return (int)bare(SYS_madvise, (long)a, (long)n, w, 0, 0, 0); }
static int bare_incore(void *a, size_t n, unsigned char *v) { return (int)bare(SYS_mincore, (long)a, (long)n, (long)v, 0, 0, 0); }
static ssize_t bare_put(int fd, const void *b, size_t n) { return bare(SYS_write, fd, (long)b, (long)n, 0, 0, 0); }
static const struct way through = { mmap, munmap, mprotect, madvise, mincore, write };
static const struct way instruction = { bare_map, bare_unmap, bare_protect, bare_advise, bare_incore, bare_put };

static long P;
static int file = -1, null = -1;
static char *area;

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
static void one_byte(const struct way *w) { w->put(null, "x", 1); }

static const struct { const char *name; void (*work)(const struct way *); } works[] = {
	{ "mmap+munmap, one page touched", pair },
	{ "mprotect flip", flip },
	{ "file mmap+read+munmap", from_file },
	{ "madvise DONTNEED", discard },
	{ "mincore", ask },
	{ "write of 1 byte to /dev/null", one_byte },
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
struct result { double ratio, bare; };
static struct result measure(void (*work)(const struct way *))
{
	static __thread double ratios[MOST], bares[MOST];
	for (long r = 0; r < rounds; r++) {
		double a, b;
		if (r & 1) {
			a = batch(work, &through);
			b = batch(work, &instruction);
		} else {
			b = batch(work, &instruction);
			a = batch(work, &through);
		}
		ratios[r] = a / b;
		bares[r] = b;
	}
	qsort(ratios, (size_t)rounds, sizeof *ratios, compare);
	qsort(bares, (size_t)rounds, sizeof *bares, compare);
	return (struct result){ ratios[rounds / 2], bares[rounds / 2] };
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
	/* neighbours of another protection stay apart; half each way */
	for (long i = 0; i < live; i++) {
		const struct way *w = i & 1 ? &through : &instruction;
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
			sum.bare += r[i].bare / (double)threads;
		}
		printf("%s\t%.3f\t%.0f\n", works[0].name, sum.ratio, sum.bare);
		return 0;
	}
	for (size_t i = 0; i < sizeof works / sizeof *works; i++) {
		struct result r = measure(works[i].work);
		printf("%s\t%.3f\t%.0f\n", works[i].name, r.ratio, r.bare);
	}
	return 0;
}
