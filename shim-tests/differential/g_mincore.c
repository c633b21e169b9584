/* Group mincore: one byte per page, and no byte more. */
#include "map.h"
#include "range.h"
#include <string.h>

static void ask(struct ctx *c, struct range g)
{
	enum { ROOM = ARENA_PAGES + 8, UNTOUCHED = 0xaa };
	unsigned char seen[ROOM];
	memset(seen, UNTOUCHED, sizeof seen);
	CALL(c, mincore(at(c, g.region, g.from), (size_t)value(g.len), seen));
	say_result(c);
	if (c->result)
		return;
	say(c, "   ");
	for (long i = 0; i < ROOM && i <= pages_of(g.len); i++)
		say(c, " %02x", seen[i]);
	say(c, "\n");
}

static void anywhere(struct ctx *c)
{
	ask(c, say_range(c));
}

/* Before anything looked at it: what was touched and nothing else. */
static void fresh(struct ctx *c)
{
	struct request q = { .where = FIXED, .file = FD_ANON, .prot = RW, .flags = MAP_PRIVATE | MAP_ANONYMOUS };
	q.region = pick_arena(c);
	q.from.units = (long)rnd(c, ARENA_PAGES) * PER_PAGE;
	q.len.units = (1 + (long)rnd(c, (uint64_t)(ARENA_PAGES - q.from.units / PER_PAGE))) * PER_PAGE;
	map_request(c, &q);
	for (int i = (int)rnd(c, 5); i > 0; i--) {
		struct arg a = { q.from.units + (long)rnd(c, (uint64_t)q.len.units), 0 };
		touch_write(c, at(c, q.region, a), (unsigned char)(100 + i));
	}
	if (chance(c, 40)) {
		struct arg a = { q.from.units, 0 };
		CALL(c, madvise(at(c, q.region, a), (size_t)P, MADV_DONTNEED));
	}
	say(c, "    mincore");
	ask(c, (struct range){ q.region, q.from, q.len });
}

static const struct op ops[] = {
	{ "mincore", 8, anywhere, 0 },
	{ "mincore", 6, fresh, 0 },
	{ 0 },
};
GROUP(mincore, 0, ops)
