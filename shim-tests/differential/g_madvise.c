/* Group madvise: madvise(2) and posix_madvise(3). */
#include "range.h"

#ifndef MADV_COLD
#define MADV_COLD 20
#endif
#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ 22
#define MADV_POPULATE_WRITE 23
#endif

static const struct {
	int advice, weight;
	const char *name;
} advices[] = {
	{ MADV_NORMAL, 2, "normal" },
	{ MADV_RANDOM, 2, "random" },
	{ MADV_SEQUENTIAL, 1, "sequential" },
	{ MADV_DONTNEED, 14, "dontneed" },
	{ MADV_REMOVE, 6, "remove" },
	{ MADV_DONTFORK, 3, "dontfork" },
	{ MADV_DOFORK, 2, "dofork" },
	{ MADV_DONTDUMP, 2, "dontdump" },
	{ MADV_DODUMP, 1, "dodump" },
	{ MADV_WIPEONFORK, 3, "wipeonfork" },
	{ MADV_KEEPONFORK, 2, "keeponfork" },
	{ MADV_COLD, 2, "cold" },
	{ MADV_POPULATE_READ, 4, "populate_read" },
	{ MADV_POPULATE_WRITE, 4, "populate_write" },
	{ 12345, 1, "bad" },
};

static size_t pick_advice(struct ctx *c)
{
	enum { N = sizeof advices / sizeof *advices };
	int total = 0, at;
	for (size_t i = 0; i < N; i++)
		total += advices[i].weight;
	at = (int)rnd(c, (uint64_t)total);
	for (size_t i = 0; i < N; i++)
		if ((at -= advices[i].weight) < 0)
			return i;
	return 0;
}

/* Contents after MADV_FREE are the kernel's choice, so none are left. */
static void advise_free(struct ctx *c)
{
	struct range g = say_range(c);
	char *p = at(c, g.region, g.from);
	CALL(c, madvise(p, (size_t)value(g.len), MADV_FREE));
	say(c, " free");
	say_result(c);
	say(c, "    dontneed");
	CALL(c, madvise(p, (size_t)value(g.len), MADV_DONTNEED));
	say_result(c);
}

static void advise(struct ctx *c)
{
	struct range g = say_range(c);
	size_t i = pick_advice(c);
	say(c, " %s", advices[i].name);
	/* the hole in a child would be filled by whom the machine pleases */
	if (advices[i].advice == MADV_DONTFORK && g.region >= ARENAS && whole_slots_only(c)) {
		say(c, " left out\n");
		return;
	}
	CALL(c, madvise(at(c, g.region, g.from), (size_t)value(g.len), advices[i].advice));
	say_result(c);
	c->look_at_files = 1;
}

/* Returns an error number; its DONTNEED does nothing in glibc. */
static void posix_advise(struct ctx *c)
{
	static const int kinds[] = { POSIX_MADV_NORMAL, POSIX_MADV_RANDOM, POSIX_MADV_SEQUENTIAL, POSIX_MADV_DONTNEED, 77 };
	struct range g = say_range(c);
	int k = kinds[rnd(c, sizeof kinds / sizeof *kinds)];
	int e = posix_madvise(at(c, g.region, g.from), (size_t)value(g.len), k);
	say(c, " advice %d = %s\n", k, e ? error_name(e) : "0");
}

static const struct op ops[] = {
	{ "madvise", 20, advise, 0 },
	{ "madvise", 3, advise_free, 0 },
	{ "posix_madvise", 3, posix_advise, 0 },
	{ 0 },
};
GROUP(madvise, 0, ops)
