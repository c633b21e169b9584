/* Group mremap: grow, shrink, move, duplicate.
 *
 * By default the old range lies in one mapping made in the same step: a range
 * across mappings is EFAULT or (Linux 6.17, several at once) moved. */
#include "map.h"
#include <string.h>

#ifndef MREMAP_DONTUNMAP
#define MREMAP_DONTUNMAP 4
#endif

/* A move of `pages` of the model; the source is kept only by DONTUNMAP and by old
 * length 0. */
static void model_move(struct ctx *c, char *from, char *to, long old_pages, long new_pages, int keep)
{
	struct model m[ARENA_PAGES + 1] = { 0 };
	long n = old_pages < new_pages ? old_pages : new_pages;
	if (n > ARENA_PAGES)
		n = ARENA_PAGES;
	for (long i = 0; i < n; i++)
		m[i] = model_of(c, from + i * P);
	if (!keep)
		model_unmap(c, from, old_pages);
	for (long i = 0; i < n; i++)
		model_map(c, to + i * P, 1, m[i]);
	struct model last = n ? m[n - 1] : model_of(c, from);
	last.file_page += n > 0;
	if (new_pages > n)
		model_map(c, to + n * P, new_pages - n, last);
}

static void say_move(struct ctx *c, char *from, const char *target, struct arg old, struct arg new)
{
	char *to = (char *)c->result;
	if (c->result == -1) {
		say_result(c);
		return;
	}
	if (to == from)
		say(c, " = in place%s\n", c->error == ODD_ERRNO ? "" : " and errno is changed");
	else if (target)
		say(c, to == target ? " = there\n" : " = ELSEWHERE\n");
	else
		say_place(c, to, pages_of(new));
	if (to == from && pages_of(new) < pages_of(old))
		model_unmap(c, to + pages_of(new) * P, pages_of(old) - pages_of(new));
}

static const char *const flag_names[] = { "", " maymove", " fixed", " maymove fixed", " dontunmap", " maymove dontunmap" };

static void move(struct ctx *c, int r, struct arg from, struct arg old, struct arg new, int flags, int to_r, struct arg to)
{
	char *p = at(c, r, from), *target = flags & MREMAP_FIXED ? at(c, to_r, to) : NULL;
	say(c, "    mremap ");
	say_where(c, r, from);
	say(c, " len ");
	say_arg(c, old);
	say(c, " to ");
	say_arg(c, new);
	if (flags < 6)
		say(c, "%s", flag_names[flags]);
	else
		say(c, " 0x%x", flags);
	if (target) {
		say(c, " ");
		say_where(c, to_r, to);
	}
	say(c, "\n");
	slot_make_room(c);
	CALL(c, mremap(p, (size_t)value(old), (size_t)value(new), flags, target));
	say_move(c, p, target, old, new);
	char *q = (char *)c->result;
	int keep = flags & MREMAP_DONTUNMAP || !pages_of(old);
	if (c->result != -1 && (q != p || pages_of(new) > pages_of(old)))
		model_move(c, p, q, pages_of(old), pages_of(new), keep);
	c->look_at_files = 1;
}

/* A mapping of `pages` pages at a fixed place in an arena; its tags differ. */
static int prepare(struct ctx *c, long pages, struct arg *from)
{
	struct request q = { .where = FIXED, .file = FD_ANON, .prot = pick_prot(c), .flags = pick_anonymous(c) };
	q.region = pick_arena(c);
	q.from.units = (long)rnd(c, (uint64_t)(ARENA_PAGES - pages)) * PER_PAGE;
	q.len.units = pages * PER_PAGE;
	if (chance(c, 50)) {
		q.file = (int)rnd(c, F_EOF);
		q.flags = q.file >= F_CONST ? MAP_PRIVATE : MAP_SHARED;
		q.prot &= ~PROT_EXEC;
		q.offset.units = (long)rnd(c, (uint64_t)(FILE_PAGES - pages)) * PER_PAGE;
	}
	*from = q.from;
	map_request(c, &q);
	for (long u = 0; c->result != -1 && u < pages * PER_PAGE; u += 1 + (long)rnd(c, 20))
		touch_write(c, at(c, q.region, (struct arg){ q.from.units + u, 0 }), (unsigned char)(1 + u % 200));
	return q.region;
}

static struct arg near_pages(struct ctx *c, long pages)
{
	struct arg a = { pages * PER_PAGE, 0 };
	if (chance(c, 25))
		a.units -= (long)rnd(c, PER_PAGE);
	else if (chance(c, 10))
		a.odd = -1;
	return a;
}

/* Growth stays inside the file that may be mapped. */
static void resize(struct ctx *c)
{
	struct arg from;
	long pages = 1 + (long)rnd(c, 5), first = (long)rnd(c, (uint64_t)pages);
	int r = prepare(c, pages, &from);
	from.units += first * PER_PAGE;
	struct model m = model_of(c, at(c, r, from));
	long most = m.file ? FILE_PAGES - m.file_page : 8;
	struct arg old = near_pages(c, 1 + (long)rnd(c, (uint64_t)(pages - first)));
	struct arg new = near_pages(c, 1 + (long)rnd(c, (uint64_t)most));
	/* growth in place must not run out of the arena: nothing is looked at there */
	if (from.units / PER_PAGE + pages_of(new) > ARENA_PAGES)
		new = old;
	move(c, r, from, old, new, chance(c, 60) ? MREMAP_MAYMOVE : 0, 0, from);
}

static int apart(const char *a, long n, const char *b, long m)
{
	return a + n * P <= b || b + m * P <= a;
}

static void move_fixed(struct ctx *c)
{
	struct arg from, to = { 0, 0 };
	long pages = 1 + (long)rnd(c, 5);
	int r = prepare(c, pages, &from), to_r = pick_region(c);
	struct model m = model_of(c, at(c, r, from));
	struct region *g = &c->regions[to_r];
	to = pick_offset(c, g->pages);
	long most = g->pages - to.units / PER_PAGE;
	if (m.file && most > FILE_PAGES - m.file_page)
		most = FILE_PAGES - m.file_page;
	struct arg old = near_pages(c, 1 + (long)rnd(c, (uint64_t)pages));
	struct arg new = near_pages(c, 1 + (long)rnd(c, (uint64_t)(most < 6 ? most : 6)));
	int flags = MREMAP_MAYMOVE | MREMAP_FIXED;
	if (chance(c, 15) && pages_of(old) <= most && apart(at(c, r, from), 8, at(c, to_r, to), 8))
		flags = chance(c, 70) ? flags | MREMAP_DONTUNMAP : MREMAP_FIXED, new = old;
	move(c, r, from, old, new, flags, to_r, to);
}

static void keep_old(struct ctx *c)
{
	struct arg from;
	long pages = 1 + (long)rnd(c, 5);
	int r = prepare(c, pages, &from);
	struct arg old = near_pages(c, pages);
	if (chance(c, 40))
		old = (struct arg){ 0, 0 };
	struct arg new = pages_of(old) && chance(c, 90) ? old : near_pages(c, pages + 1);
	move(c, r, from, old, new, MREMAP_MAYMOVE | (pages_of(old) ? MREMAP_DONTUNMAP : 0), 0, from);
}

/* One bad argument each: which of two is told depends on the version. */
static void bad_remap(struct ctx *c)
{
	struct arg from, new, old, to = { 0, 0 };
	long pages = 1 + (long)rnd(c, 5);
	int r = prepare(c, pages, &from), flags = MREMAP_MAYMOVE, hole = 0;
	old = new = near_pages(c, pages);
	switch (rnd(c, 6)) {
	case 0: from.units += 1 + (long)rnd(c, PER_PAGE - 1); break;
	case 1: new = (struct arg){ 0, 0 }; break;
	case 2: flags = 0x10 | MREMAP_MAYMOVE; break;
	case 3: flags = MREMAP_DONTUNMAP; break;
	case 4: hole = 1; break;
	case 5: flags |= MREMAP_FIXED, to.units = 1 + (long)rnd(c, PER_PAGE - 1); break;
	}
	if (hole) {
		CALL(c, munmap(at(c, r, from), (size_t)(pages * P)));
		model_unmap(c, at(c, r, from), pages);
		old = (struct arg){ PER_PAGE, 0 };
		new.units = 2 * PER_PAGE;
		new.odd = 0;
	}
	move(c, r, from, old, new, flags, r, to);
}

/* Any range: across mappings this kernel's version decides. */
static void any_range(struct ctx *c)
{
	struct arg from, old, new;
	int r = pick_arena(c);
	pick_range(c, r, 0, &from, &old);
	new = pick_length(c, ARENA_PAGES - from.units / PER_PAGE);
	if (!c->opt->exact || model_of(c, at(c, r, from)).file) {
		say(c, " left out\n");
		return;
	}
	say(c, "\n");
	move(c, r, from, old, new, chance(c, 70) ? MREMAP_MAYMOVE : 0, 0, from);
}

static const struct op ops[] = {
	{ "resize", 8, resize, 0 },	{ "fixed", 6, move_fixed, 0 },	 { "keep", 4, keep_old, 0 },
	{ "bad", 3, bad_remap, 0 }, { "any", 2, any_range, 0 }, { 0 },
};
GROUP(mremap, 0, ops)
