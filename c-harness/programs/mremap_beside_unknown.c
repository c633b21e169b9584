/* group: mremap */
/* A mapping that moves does not land on what was mapped without the C library: at its
 * next place, in the middle of it, or at its end. */
#include "../harness.h"

/* mmap(2) that no preloaded library sees, at an address where nothing is; anywhere else when there is
 * something to the host (a window that is held). */
static char *unseen(char *at, long n)
{
	long flags = ANON | MAP_FIXED_NOREPLACE;
#if defined(__x86_64__)
	register long r10 __asm__("r10") = flags;
	register long r8 __asm__("r8") = -1;
	register long r9 __asm__("r9") = 0;
	long result;
	__asm__ volatile("syscall" : "=a"(result)
			 : "a"((long)SYS_mmap), "D"(at), "S"(n), "d"((long)RW), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return (char *)result;
#elif defined(__aarch64__)
	register long x8 __asm__("x8") = SYS_mmap;
	register long x0 __asm__("x0") = (long)at;
	register long x1 __asm__("x1") = n;
	register long x2 __asm__("x2") = RW;
	register long x3 __asm__("x3") = flags;
	register long x4 __asm__("x4") = -1;
	register long x5 __asm__("x5") = 0;
	__asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5) : "memory");
	return (char *)x0;
#else
	return mmap(at, n, RW, (int)flags, -1, 0);
#endif
}

/* Where the next mapping of n pages goes, which is free again. */
static char *next_place(long n)
{
	char *p = mmap(NULL, n * P, PROT_NONE, ANON, -1, 0);

	NEED(p != MAP_FAILED && munmap(p, n * P) == 0);
	return p;
}

/* A mapping of one page that has to move when it grows. */
static char *hemmed_in(void)
{
	char *p = rw_area(2 * P);

	fill(p, P);
	return p;
}

static void beside(const char *what, long first)
{
	char *p = hemmed_in(), *place = next_place(8) + first * P;

	if (unseen(place, P) != place)
		SKIP("the place is taken");
	memset(place, 7, P);
	char *q = mremap(p, P, 8 * P, MREMAP_MAYMOVE);
	NEED(q != MAP_FAILED);
	say("%s: %s, moved %ld, beyond it %d; unseen %d %d", what, pages(q, 8), right_bytes(q, 0, P) / P, byte(q + P), byte(place),
	    byte(place + P - 1));
	say("apart: %s", place + P <= q || q + 8 * P <= place ? "yes" : "NO");
	memset(q, 9, 8 * P);
	say("unseen: %d", byte(place));
	NEED(munmap(q, 8 * P) == 0);
}

static void run(void)
{
	beside("at its beginning", 0);
	beside("in the middle", 4);
	beside("at its end", 7);
}
