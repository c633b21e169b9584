/* Group brk: the program break, and mappings in its way.  For one sequence: a
 * process has one break. */
#include "diff.h"
#include <unistd.h>

/* The region of the heap begins at a page that nothing was on yet. */
static void prepare(struct ctx *c)
{
	if (c->opt->threads > 1)
		die("group brk is for one sequence");
	uintptr_t now = (uintptr_t)sbrk(0), start = (now + (uintptr_t)(2 * P) - 1) & -(uintptr_t)P;
	if (brk((void *)start))
		die("brk: %s", error_name(errno));
	c->regions[HEAP] = (struct region){ .base = (char *)start, .pages = ARENA_PAGES, .live = 1 };
}

static void say_break(struct ctx *c)
{
	long bytes = (char *)sbrk(0) - c->regions[HEAP].base;
	/* a byte or two on either side of a unit */
	long units = (bytes + U / 2) / U;
	say(c, "    break ");
	say_arg(c, (struct arg){ units, (int)(bytes - units * U) });
	say(c, "\n");
}

static void set_break(struct ctx *c)
{
	struct arg to = pick_offset(c, ARENA_PAGES - 1);
	if (chance(c, 40))
		to.units += (long)rnd(c, PER_PAGE);
	say(c, " ");
	say_where(c, HEAP, to);
	CALL(c, brk(at(c, HEAP, to)));
	say_result(c);
	say_break(c);
}

static void move_break(struct ctx *c)
{
	struct arg by = pick_length(c, 4);
	char *before = sbrk(0), *base = c->regions[HEAP].base;
	if (chance(c, 40))
		by.units = -by.units, by.odd = -by.odd;
	if (before + value(by) < base || before + value(by) > base + (ARENA_PAGES - 1) * P)
		by = (struct arg){ 0, 0 };
	say(c, " sbrk by ");
	say_arg(c, by);
	CALL(c, sbrk(value(by)));
	if (c->result == -1)
		say_result(c);
	else
		say(c, (char *)c->result == before ? " = the old one\n" : " = ANOTHER\n");
	say_break(c);
}

static const struct op ops[] = { { "brk", 6, set_break, 0 }, { "sbrk", 6, move_break, 0 }, { 0 } };
GROUP_WITH(brk, 0, ops, prepare)
