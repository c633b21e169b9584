/* Where things are: arenas at a place of our choice, slots where the system
 * puts mappings, and the files.
 *
 * Placement is foretold like this (mm/mmap.c, unmapped_area_topdown: the highest
 * gap that fits): one large mapping, every hole above it filled, its inside
 * unmapped again.  What is placed from then on comes out of that inside, at a
 * distance from its top that counts pages alike on every page size. */
#include "diff.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MIB (1L << 20)
#define ANON_NONE (MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE)
#define ARENA_ROOM (64 * MIB)
#define SANDBOX (256 * MIB)

int alone(const struct ctx *c)
{
	return c->placing_alone;
}

char *at(const struct ctx *c, int region, struct arg a)
{
	return c->regions[region].base + value(a);
}

static void arena_init(struct ctx *c, int r)
{
	struct region *g = &c->regions[r];
	/* from 20 TiB up little is ever mapped, whatever the machine */
	for (uintptr_t tib = 20; tib < 120; tib++) {
		char *p = (char *)((tib << 40) + (uintptr_t)(c->id * ARENAS + r) * ARENA_ROOM);
		if (mmap(p, ARENA_ROOM, PROT_NONE, ANON_NONE | MAP_FIXED_NOREPLACE, -1, 0) != p)
			continue;
		munmap(p, ARENA_ROOM);
		*g = (struct region){ .base = p + 16 * MIB, .pages = ARENA_PAGES, .live = 1 };
		return;
	}
	die("no place for an arena");
}

/* Fills all holes above the place where a large mapping goes. */
static void sandbox_init(struct ctx *c)
{
	char *large = mmap(NULL, SANDBOX, PROT_NONE, ANON_NONE, -1, 0);
	if (large == MAP_FAILED)
		die("no address space");
	char *low = (char *)(((uintptr_t)large + MIB + MIB - 1) & -(uintptr_t)MIB);
	c->top = low + SANDBOX - 4 * MIB;
	for (int i = 0; i < 100000; i++) {
		char *p = mmap(NULL, 1, PROT_NONE, ANON_NONE, -1, 0);
		if (p == MAP_FAILED)
			die("no memory");
		if (p < large) {
			munmap(p, 1);
			munmap(low, (size_t)(c->top - low));
			return;
		}
	}
	die("too many holes above the place of a large mapping");
}

void place_init(struct ctx *c)
{
	for (int r = 0; r < HEAP; r++)
		arena_init(c, r);
	struct region *g = &c->regions[1];
	if (mmap(g->base, (size_t)(g->pages * P), RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != g->base)
		die("cannot map an arena");
	model_map(c, g->base, g->pages, (struct model){ .mapped = 1, .prot = RW });
	groups_prepare(c);
	c->placing_alone = c->opt->threads == 1 && !c->opt->interrupt && !c->opt->whole;
	if (c->placing_alone && !c->opt->narrow)
		sandbox_init(c);
}

static void file_init(struct ctx *c, int n, const char *folder)
{
	char path[400];
	struct file *f = &c->files[n];
	snprintf(path, sizeof path, "%s/differential.XXXXXX", folder);
	f->fd[OPEN_RW] = mkstemp(path);
	f->fd[OPEN_RO] = open(path, O_RDONLY | O_CLOEXEC);
	f->fd[OPEN_WO] = open(path, O_WRONLY | O_CLOEXEC);
	unlink(path);
	if (f->fd[OPEN_RW] < 0 || f->fd[OPEN_RO] < 0 || f->fd[OPEN_WO] < 0)
		die("no file in %s: %s", folder, error_name(errno));
	f->units = (n >= F_EOF ? FILE_PAGES / 2 : FILE_PAGES) * (long)PER_PAGE;
	if (ftruncate(f->fd[OPEN_RW], f->units * U))
		die("no room in %s: %s", folder, error_name(errno));
	for (long u = 0; u < f->units; u++) {
		unsigned char b = (unsigned char)(1 + (u * 7 + n * 31) % 250);
		if (pwrite(f->fd[OPEN_RW], &b, 1, u * U) != 1)
			die("cannot write to %s: %s", folder, error_name(errno));
	}
}

void files_init(struct ctx *c)
{
	const char *shm = getenv("ORACLE_TMPFS"), *disk = getenv("ORACLE_DISK");
	if (!shm)
		shm = access("/dev/shm", W_OK) ? "/tmp" : "/dev/shm";
	if (!disk)
		disk = "/tmp";
	for (int n = 0; n < FILES; n++)
		file_init(c, n, c->opt->disk ? disk : shm);
	c->zero = open("/dev/zero", O_RDWR | O_CLOEXEC);
	c->dir = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (c->zero < 0 || c->dir < 0 || pipe(c->pipe))
		die("no descriptors: %s", error_name(errno));
}

void file_size(struct ctx *c, int file)
{
	struct stat st;
	if (fstat(c->files[file].fd[OPEN_RW], &st))
		die("fstat: %s", error_name(errno));
	c->files[file].units = (long)((st.st_size + U - 1) / U);
}

int fd_of(const struct ctx *c, int file, int how)
{
	switch (file) {
	case FD_ANON: return -1;
	case FD_NONE: return 900;
	case FD_PIPE: return c->pipe[0];
	case FD_DIR: return c->dir;
	case FD_ZERO: return c->zero;
	default: return c->files[file].fd[how];
	}
}

static int oldest_slot(const struct ctx *c)
{
	int old = -1;
	for (int i = ARENAS; i < REGIONS; i++) {
		if (!c->regions[i].live)
			return -1;
		if (old < 0 || c->regions[i].born < c->regions[old].born)
			old = i;
	}
	return old;
}

void slot_make_room(struct ctx *c)
{
	int old = oldest_slot(c);
	if (old < 0)
		return;
	struct region *g = &c->regions[old];
	say(c, "    gives up s%d:", old - ARENAS);
	CALL(c, munmap(g->base, (size_t)(g->pages * P)));
	say_result(c);
	g->live = 0;
}

/* Inside an arena that arena; else a new slot. */
int region_of(struct ctx *c, char *p, long pages)
{
	for (int i = 0; i < ARENAS; i++) {
		struct region *g = &c->regions[i];
		if (g->live && p >= g->base && p < g->base + g->pages * P)
			return i;
	}
	for (int i = ARENAS; i < REGIONS; i++) {
		struct region *g = &c->regions[i];
		if (g->live)
			continue;
		memset(g, 0, sizeof *g);
		g->base = p;
		g->pages = (int)(pages < ARENA_PAGES ? pages : ARENA_PAGES);
		g->live = 1;
		g->born = c->step;
		return i;
	}
	die("no slot");
}

static int overlaps(const struct ctx *c, int r)
{
	const struct region *g = &c->regions[r];
	for (int i = 0; i < REGIONS; i++) {
		const struct region *o = &c->regions[i];
		if (i != r && o->live && o->base < g->base + g->pages * P && g->base < o->base + o->pages * P)
			return 1;
	}
	return 0;
}

int say_place(struct ctx *c, char *p, long pages)
{
	int r = region_of(c, p, pages);
	struct region *g = &c->regions[r];
	long bytes = p - g->base;
	say(c, " = ");
	if (r < ARENAS) {
		say_where(c, r, (struct arg){ bytes / P * PER_PAGE, (int)(bytes % P) });
	} else {
		say(c, "s%d", r - ARENAS);
		if (c->top)
			say(c, " %ld pages below the top", (c->top - p) / P);
		else if (whole_slots_only(c) && overlaps(c, r))
			say(c, " OVER OTHERS");
	}
	say(c, "%s%s\n", (uintptr_t)p % (uintptr_t)P ? " NOT ALIGNED" : "",
	    c->error == ODD_ERRNO ? "" : " and errno is changed");
	return r;
}
