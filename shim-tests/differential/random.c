/* Choices.  Each step has a generator of its own (seed, thread, step), so that
 * leaving steps out (--only) does not change the others. */
#include "diff.h"

static uint64_t splitmix(uint64_t *s)
{
	uint64_t z = *s += 0x9e3779b97f4a7c15u;
	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

void rng_step(struct ctx *c)
{
	uint64_t s = c->opt->seed;
	uint64_t a = splitmix(&s) ^ (uint64_t)c->id;
	uint64_t b = splitmix(&a) ^ c->step;
	c->rng = splitmix(&b);
}

uint64_t rnd(struct ctx *c, uint64_t below)
{
	return below ? splitmix(&c->rng) % below : 0;
}

int chance(struct ctx *c, int percent)
{
	return (int)rnd(c, 100) < percent;
}

long value(struct arg a)
{
	return a.units * U + a.odd;
}

long pages_of(struct arg a)
{
	long v = value(a);
	return v <= 0 ? 0 : (v - 1) / P + 1;
}

int pick_arena(struct ctx *c)
{
	return (int)rnd(c, c->regions[HEAP].live ? ARENAS : ARENAS - 1);
}

int pick_region(struct ctx *c)
{
	int live[REGIONS], n = 0;
	if (chance(c, 70))
		return pick_arena(c);
	for (int i = 0; i < REGIONS; i++)
		if (c->regions[i].live)
			live[n++] = i;
	return live[rnd(c, (uint64_t)n)];
}

/* Somewhere in `pages` pages: mostly the start of one. */
struct arg pick_offset(struct ctx *c, int pages)
{
	struct arg a = { (long)rnd(c, (uint64_t)pages) * PER_PAGE, 0 };
	int how = (int)rnd(c, 100);
	if (how < 8)
		a.units += (long)rnd(c, PER_PAGE);
	else if (how < 10)
		a.odd = 1;
	else if (how < 12 && a.units)
		a.odd = -1;
	return a;
}

/* A length that rounds up to at most `pages` pages. */
struct arg pick_length(struct ctx *c, long pages)
{
	if (chance(c, 75) && pages > 4)
		pages = 4;
	struct arg a = { (1 + (long)rnd(c, (uint64_t)pages)) * PER_PAGE, 0 };
	int how = (int)rnd(c, 100);
	if (how < 30)
		a.units -= (long)rnd(c, PER_PAGE);
	else if (how < 40)
		a.odd = -1;
	else if (how < 50) {
		a.units -= PER_PAGE;
		a.odd = 1;
	}
	return a;
}

/* `beyond`: how many pages the range may end behind the region. */
void pick_range(struct ctx *c, int region, int beyond, struct arg *from, struct arg *len)
{
	int pages = c->regions[region].pages;
	*from = pick_offset(c, pages);
	*len = pick_length(c, pages + beyond - from->units / PER_PAGE);
}

/* Execute without read is not asked for: machines differ in what it gives. */
int pick_prot(struct ctx *c)
{
	int how = (int)rnd(c, 100);
	if (how < 50)
		return RW;
	if (how < 70)
		return PROT_READ;
	if (how < 85)
		return PROT_NONE;
	if (how < 90)
		return PROT_READ | PROT_EXEC;
	return how < 95 ? RW | PROT_EXEC : PROT_WRITE;
}

struct arg pick_bad_length(struct ctx *c)
{
	switch (rnd(c, 4)) {
	case 0: return (struct arg){ 0, 0 };
	case 1: return (struct arg){ 0, -1 }; /* rounds up to 0 */
	case 2: return (struct arg){ -PER_PAGE * (1 + (long)rnd(c, 3)), 0 };
	default: return (struct arg){ 1L << 48, 0 }; /* 2^56 bytes and more */
	}
}
