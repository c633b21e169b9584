/* group: mprotect */
/* On arm64 the highest byte of an address may hold a tag: calls on ranges of memory
 * leave it out, mmap with a hint does not. */
#include "../harness.h"

#ifdef __aarch64__
static char *tagged(char *p)
{
	return (char *)((uintptr_t)p | (uintptr_t)0x5a << 56);
}

static void run(void)
{
	unsigned char vector[4] = { 0 };
	char *p = tagged(rw_area(4 * P));

	p[P] = 1;
	CALL(mprotect(p, P, PROT_READ));
	CALL(mprotect(p + P / 2, P, PROT_READ));
	PAGES(p, 4);
	CALL(madvise(p + P, P, MADV_DONTNEED));
	SHOW(p[P]);
	CALL(mlock(p + P, P));
	CALL(munlock(p + P, P));
	CALL(mincore(p, 4 * P, vector));
	CALL(msync(p, 4 * P, MS_SYNC));
	CALL(munmap(p + 2 * P, 2 * P));
	PAGES(p, 5);
	CALL(mprotect(p, 3 * P, RW));
	PAGES(p, 5);

	char *q = mremap(p, 2 * P, 3 * P, MREMAP_MAYMOVE);
	say("mremap of a tagged place: %s", q == MAP_FAILED ? error_name(errno) : "done");
	MAP(mmap(tagged(area(P)), P, RW, ANON | MAP_FIXED, -1, 0));
}
#else
static void run(void)
{
	SKIP("addresses have no tags here");
}
#endif
