/* Group map: mmap, munmap, mprotect, msync, and their arguments gone wrong. */
#include "map.h"

static void anonymous(struct ctx *c)
{
	struct request q = { .file = FD_ANON, .prot = pick_prot(c), .flags = pick_anonymous(c) };
	pick_address(c, &q, PLACED_PAGES);
	if (chance(c, 10))
		q.offset = pick_offset(c, 4);
	map_request(c, &q);
}

/* Within a file: what lies behind its end is group eof. */
static void pick_file_offset(struct ctx *c, struct request *q, long *pages)
{
	q->offset = pick_offset(c, FILE_PAGES);
	*pages = FILE_PAGES - q->offset.units / PER_PAGE;
}

static void shared_file(struct ctx *c)
{
	struct request q = { .prot = pick_prot(c) & ~PROT_EXEC };
	long pages;
	q.file = F_SHARED + (int)rnd(c, 2);
	q.how = chance(c, 75) ? OPEN_RW : (int)rnd(c, 3);
	q.flags = chance(c, 85) ? MAP_SHARED : MAP_SHARED_VALIDATE;
	pick_file_offset(c, &q, &pages);
	pick_address(c, &q, pages);
	map_request(c, &q);
}

static void const_file(struct ctx *c)
{
	struct request q = { .prot = pick_prot(c) };
	long pages;
	q.file = F_CONST + (int)rnd(c, 2);
	q.how = chance(c, 10) ? OPEN_WO : (int)rnd(c, 2);
	q.flags = MAP_PRIVATE | (chance(c, 15) ? MAP_POPULATE : 0) | (chance(c, 15) ? MAP_NORESERVE : 0);
	/* shared, but read-only for good */
	if (q.how == OPEN_RO && chance(c, 30)) {
		q.flags = MAP_SHARED;
		if (c->opt->narrow)
			q.prot &= ~PROT_WRITE;
	}
	pick_file_offset(c, &q, &pages);
	pick_address(c, &q, pages);
	map_request(c, &q);
}

static void zero_device(struct ctx *c)
{
	struct request q = { .file = FD_ZERO, .prot = pick_prot(c) & ~PROT_EXEC };
	q.flags = chance(c, 50) ? MAP_PRIVATE : MAP_SHARED;
	q.offset = pick_offset(c, 4);
	pick_address(c, &q, PLACED_PAGES);
	map_request(c, &q);
}

/* One argument, sometimes two, that no page size allows. */
static void spoil(struct ctx *c, struct request *q)
{
	switch (rnd(c, 8)) {
	case 0: q->len = pick_bad_length(c); break;
	case 1: q->flags &= ~15; break;
	case 2: q->flags |= 12; break;
	case 3: q->file = FD_NONE, q->flags &= ~MAP_ANONYMOUS; break;
	case 4: q->file = FD_PIPE, q->flags &= ~MAP_ANONYMOUS; break;
	case 5: q->file = FD_DIR, q->flags &= ~MAP_ANONYMOUS; break;
	case 6: q->offset.units = -PER_PAGE * (1 + (long)rnd(c, 9)), q->flags &= ~MAP_ANONYMOUS; break;
	case 7: q->flags = (q->flags & ~15) | MAP_SHARED_VALIDATE | 0x800000; break;
	}
}

static void bad_map(struct ctx *c)
{
	struct request q = { .prot = pick_prot(c) & ~PROT_EXEC, .flags = MAP_SHARED, .file = F_SHARED };
	if (chance(c, 40))
		q.flags = pick_anonymous(c), q.file = FD_ANON;
	q.offset = pick_offset(c, FILE_PAGES / 2);
	pick_address(c, &q, FILE_PAGES / 2);
	spoil(c, &q);
	if (chance(c, 40))
		spoil(c, &q);
	map_request(c, &q);
}

static void unmap(struct ctx *c)
{
	int r = pick_region(c);
	struct region *g = &c->regions[r];
	struct arg from, len;
	if (r >= ARENAS && (whole_slots_only(c) || chance(c, 50)))
		from = (struct arg){ 0, 0 }, len = (struct arg){ (long)g->pages * PER_PAGE - (long)rnd(c, PER_PAGE), 0 };
	else
		pick_range(c, r, r < ARENAS ? 2 : 0, &from, &len);
	if (chance(c, 5))
		len = pick_bad_length(c);
	if (r < ARENAS && chance(c, 3))
		from.units -= PER_PAGE;
	char *p = at(c, r, from);
	say(c, " ");
	say_where(c, r, from);
	say(c, " len ");
	say_arg(c, len);
	call_munmap(c, p, (size_t)value(len));
	say_result(c);
	if (c->result)
		return;
	model_unmap(c, p, pages_of(len));
	if (r >= ARENAS && p == g->base && pages_of(len) >= g->pages)
		g->live = 0;
}

/* A page mapped shared from a descriptor that cannot write, with --narrow: it
 * may be a copy, whose mprotect the host cannot refuse. */
static int has_read_only_share(const struct ctx *c, int r)
{
	const struct region *g = &c->regions[r];
	for (int i = 0; i < g->pages; i++)
		if (g->model[i].shared == SHARED_READ_ONLY)
			return 1;
	return 0;
}

static void protect(struct ctx *c)
{
	int r = pick_region(c), prot = pick_prot(c);
	struct arg from, len;
	pick_range(c, r, r < ARENAS ? 2 : 0, &from, &len);
	if (chance(c, 3))
		len = (struct arg){ 0, chance(c, 50) ? 0 : -1 };
	if (chance(c, 3) && !c->opt->narrow)
		prot |= chance(c, 50) ? 0x100 : PROT_GROWSDOWN;
	if (r < ARENAS && chance(c, 3))
		from.units -= PER_PAGE;
	if (c->opt->narrow && has_read_only_share(c, r))
		prot &= ~PROT_WRITE;
	say(c, " ");
	say_where(c, r, from);
	say(c, " len ");
	say_arg(c, len);
	say(c, " ");
	say_prot(c, prot);
	char *p = at(c, r, from);
	call_mprotect(c, p, (size_t)value(len), prot);
	say_result(c);
	if (c->result == 0 || c->error == ENOMEM)
		model_protect(c, p, pages_of(len), prot);
}

static void sync_range(struct ctx *c)
{
	static const int kinds[] = { MS_ASYNC, MS_SYNC, 0, MS_INVALIDATE, MS_SYNC | MS_INVALIDATE, MS_ASYNC | MS_SYNC, 0x80 };
	int r = pick_region(c), flags = kinds[rnd(c, sizeof kinds / sizeof *kinds)];
	struct arg from, len;
	pick_range(c, r, r < ARENAS ? 2 : 0, &from, &len);
	if (chance(c, 4))
		len = (struct arg){ 0, chance(c, 50) ? 0 : -1 };
	say(c, " ");
	say_where(c, r, from);
	say(c, " len ");
	say_arg(c, len);
	say(c, " flags %d", flags);
	call_msync(c, at(c, r, from), (size_t)value(len), flags);
	say_result(c);
}

static const struct op ops[] = {
	{ "mmap", 22, anonymous, 1 },	  { "mmap", 12, shared_file, 1 }, { "mmap", 12, const_file, 1 },
	{ "mmap", 3, zero_device, 0 },	  { "mmap", 5, bad_map, 0 },	  { "munmap", 16, unmap, 1 },
	{ "mprotect", 18, protect, 1 }, { "msync", 6, sync_range, 1 },  { 0 },
};
GROUP(map, 1, ops)
