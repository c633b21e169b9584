/* mmap(2) for all groups. */
#include "map.h"

static const struct {
	int flag;
	const char *name;
} flag_names[] = {
	{ MAP_ANONYMOUS, "anon" },  { MAP_NORESERVE, "noreserve" }, { MAP_POPULATE, "populate" },
	{ MAP_STACK, "stack" },	    { MAP_NONBLOCK, "nonblock" },   { MAP_LOCKED, "locked" },
};

static void say_flags(struct ctx *c, int flags)
{
	static const char *const kinds[] = { "neither", "shared", "private", "validate" };
	int type = flags & 15;
	say(c, " %s", type < 4 ? kinds[type] : "both?");
	flags &= ~15;
	for (size_t i = 0; i < sizeof flag_names / sizeof *flag_names; i++)
		if (flags & flag_names[i].flag) {
			say(c, " %s", flag_names[i].name);
			flags &= ~flag_names[i].flag;
		}
	if (flags)
		say(c, " 0x%x", flags);
}

static void say_file(struct ctx *c, const struct request *q)
{
	static const char *const others[] = { "", "no file", "closed fd", "pipe", "folder", "/dev/zero" };
	static const char *const hows[] = { "rw", "ro", "wo" };
	if (q->file >= 0)
		say(c, " f%d %s", q->file, hows[q->how]);
	else if (q->file != FD_ANON || !(q->flags & MAP_ANONYMOUS))
		say(c, " %s", others[-q->file]);
	if (q->offset.units || q->offset.odd || q->file >= 0) {
		say(c, " offset ");
		say_arg(c, q->offset);
	}
}

static void say_request(struct ctx *c, const struct request *q)
{
	static const char *const wheres[] = { "anywhere", "hint ", "fixed ", "noreplace " };
	say(c, " %s", wheres[q->where]);
	if (q->where != ANYWHERE)
		say_where(c, q->region, q->from);
	say(c, " len ");
	say_arg(c, q->len);
	say(c, " ");
	say_prot(c, q->prot);
	say_flags(c, q->flags);
	say_file(c, q);
}

static int shared(const struct request *q)
{
	if ((q->flags & 15) == MAP_PRIVATE)
		return NOT_SHARED;
	return q->file >= 0 && q->how == OPEN_RO ? SHARED_READ_ONLY : SHARED_WRITABLE;
}

static struct model model_for(const struct request *q)
{
	int file = q->flags & MAP_ANONYMOUS || q->file < 0 ? 0 : q->file + 1;
	return (struct model){ .mapped = 1, .prot = (unsigned char)(q->prot & 7), .shared = (unsigned char)shared(q),
			       .file = (signed char)file, .file_page = (int)(q->offset.units / PER_PAGE) };
}

/* Sequences that a host page larger than the target page cannot give. */
static int left_out(struct ctx *c, const struct request *q)
{
	uintptr_t h = (uintptr_t)c->opt->narrow;
	long pages = pages_of(q->len);
	if (!h)
		return 0;
	if (shared(q) && q->file >= 0 && ((uintptr_t)(pages * P) % h || (uintptr_t)value(q->offset) % h))
		return 1;
	if (q->where == ANYWHERE)
		return 0;
	/* whether a hint into a host page in use is taken is not laid down */
	return q->where == HINT || !narrow_allows(c, q->region, q->from, pages, shared(q));
}

/* A file goes where its offset and its address agree within a host page. */
static void place_new(struct ctx *c, const struct request *q, char *p)
{
	int r = say_place(c, p, pages_of(q->len));
	if (r >= ARENAS && c->opt->narrow && q->file >= 0)
		c->regions[r].phase = value(q->offset) % c->opt->narrow;
}

void map_request(struct ctx *c, const struct request *q)
{
	static const int where_flags[] = { 0, 0, MAP_FIXED, MAP_FIXED_NOREPLACE };
	if (left_out(c, q)) {
		say(c, " left out\n");
		return;
	}
	say_request(c, q);
	/* a mapping without MAP_FIXED may land anywhere */
	if (q->where != FIXED && q->where != NOREPLACE) {
		say(c, "\n");
		slot_make_room(c);
	}
	char *p = q->where == ANYWHERE ? NULL : at(c, q->region, q->from);
	call_mmap(c, p, (size_t)value(q->len), q->prot, q->flags | where_flags[q->where], fd_of(c, q->file, q->how), value(q->offset));
	c->look_at_files = 1;
	if (c->result == -1) {
		say_result(c);
		return;
	}
	p = (char *)c->result;
	if (q->where == FIXED || q->where == NOREPLACE)
		say(c, p == at(c, q->region, q->from) ? " = there\n" : " = ELSEWHERE\n");
	else
		place_new(c, q, p);
	model_map(c, p, pages_of(q->len), model_for(q));
}

/* An address and how it is meant, and a length of at most `pages` pages. */
void pick_address(struct ctx *c, struct request *q, long pages)
{
	q->where = (enum where)rnd(c, 4);
	if (q->where == ANYWHERE) {
		q->len = pick_length(c, pages < PLACED_PAGES ? pages : PLACED_PAGES);
		return;
	}
	q->region = q->where == HINT ? pick_arena(c) : pick_region(c);
	long room = c->regions[q->region].pages;
	q->from = pick_offset(c, (int)room);
	room -= q->from.units / PER_PAGE;
	q->len = pick_length(c, pages < room ? pages : room);
}

int pick_anonymous(struct ctx *c)
{
	int flags = MAP_ANONYMOUS | (chance(c, 70) ? MAP_PRIVATE : MAP_SHARED);
	switch (rnd(c, 8)) {
	case 0: flags |= MAP_NORESERVE; break;
	case 1: flags |= MAP_POPULATE; break;
	case 2: flags |= MAP_STACK; break;
	case 3: flags |= MAP_POPULATE | MAP_NONBLOCK; break;
	}
	return flags;
}
