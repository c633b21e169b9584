/* group: eof */
/* What was stored past the end by way of a mapping that is gone is still there for
 * the others of the same page. */
#include "../harness.h"

static int fd;
static char *p, *q, *r;

static void begin(void)
{
	fd = tagged_file(tmpfs(), P / 4 + 10);
	p = mmap(NULL, P, RW, MAP_SHARED, fd, 0);
	q = mmap(NULL, P, RW, MAP_SHARED, fd, 0);
	r = mmap(NULL, P, PROT_READ, MAP_PRIVATE, fd, 0);
	NEED(p != MAP_FAILED && q != MAP_FAILED && r != MAP_FAILED);
	p[P - 1] = 7;
}

static void end(const char *how)
{
	say("%s: %d %d", how, byte(q + P - 1), byte(r + P - 1));
	NEED(ftruncate(fd, P) == 0);
	char c = 0;
	NEED(pread(fd, &c, 1, P - 1) == 1);
	say("grown: %d %d", byte(q + P - 1), c);
	munmap(q, P);
	munmap(r, P);
	close(fd);
}

static void run(void)
{
	begin();
	NEED(munmap(p, P) == 0);
	end("munmap");
	begin();
	NEED(mmap(p, P, RW, ANON | MAP_FIXED, -1, 0) == p);
	end("mmap over it");
	begin();
	NEED(mremap(rw_area(P), P, P, MREMAP_MAYMOVE | MREMAP_FIXED, p) == p);
	end("mremap over it");
	begin();
	char *moved = mremap(p, P, P, MREMAP_MAYMOVE | MREMAP_FIXED, hole(P));
	NEED(moved != MAP_FAILED);
	NEED(munmap(moved, P) == 0);
	end("moved and unmapped");
}
