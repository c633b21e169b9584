/* Calls that take an address and a length. */
#ifndef RANGE_H
#define RANGE_H
#include "diff.h"

struct range {
	int region;
	struct arg from, len;
};
/* In a region, and a little beyond where that is harmless; tells it. */
static inline struct range say_range_in(struct ctx *c, int region)
{
	struct range g;
	g.region = region;
	pick_range(c, g.region, g.region < ARENAS ? 2 : 0, &g.from, &g.len);
	if (chance(c, 3))
		g.len = (struct arg){ 0, 0 };
	say(c, " ");
	say_where(c, g.region, g.from);
	say(c, " len ");
	say_arg(c, g.len);
	return g;
}

static inline struct range say_range(struct ctx *c)
{
	return say_range_in(c, pick_region(c));
}
#endif
