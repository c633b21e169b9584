/* Calls that take an address and a length. */
#ifndef RANGE_H
#define RANGE_H
#include "diff.h"

struct range {
	int region;
	struct arg from, len;
};
/* Anywhere, and a little beyond where that is harmless; tells it. */
static inline struct range say_range(struct ctx *c)
{
	struct range g;
	g.region = pick_region(c);
	pick_range(c, g.region, g.region < ARENAS ? 2 : 0, &g.from, &g.len);
	if (chance(c, 3))
		g.len = (struct arg){ 0, 0 };
	say(c, " ");
	say_where(c, g.region, g.from);
	say(c, " len ");
	say_arg(c, g.len);
	return g;
}
#endif
