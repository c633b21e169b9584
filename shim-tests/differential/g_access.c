/* Group access: stores and loads by the program and by the kernel for it. */
#include "diff.h"
#include <unistd.h>

static void store(struct ctx *c)
{
	int r = pick_region(c);
	struct region *g = &c->regions[r];
	long first = (long)rnd(c, (uint64_t)g->pages * PER_PAGE);
	long n = 1 + (long)rnd(c, chance(c, 70) ? 4 : 3 * PER_PAGE);
	unsigned char tag = (unsigned char)(1 + rnd(c, 250));
	if (first + n > (long)g->pages * PER_PAGE)
		n = (long)g->pages * PER_PAGE - first;
	say(c, " ");
	say_where(c, r, (struct arg){ first, 0 });
	say(c, " %ld units of %d:", n, tag);
	c->look_at_files = 1;
	for (long i = 0; i < n; i++) {
		char *p = g->base + (first + i) * U;
		char fault = 0;
		if (behind_end(c, p) && !c->past_end)
			continue;
		if (c->opt->narrow && !model_may(c, p, PROT_WRITE))
			fault = 's';
		else
			fault = touch_write(c, p, tag);
		if (fault) {
			say(c, " after %ld %c\n", i, fault);
			return;
		}
	}
	say(c, " done\n");
}

/* The kernel reads memory: EFAULT where the program could not. */
static void kernel_reads(struct ctx *c)
{
	int r = pick_region(c), f = F_SHARED + (int)rnd(c, 2);
	long u = (long)rnd(c, (uint64_t)c->regions[r].pages * PER_PAGE), to = (long)rnd(c, FILE_PAGES * PER_PAGE);
	char *p = c->regions[r].base + u * U;
	say(c, " ");
	say_where(c, r, (struct arg){ u, 0 });
	say(c, " into f%d %ld", f, to);
	if (c->opt->narrow && !model_may(c, p, PROT_READ)) {
		say(c, " left out\n");
		return;
	}
	CALL(c, pwrite(c->files[f].fd[OPEN_RW], p, 1, to * U));
	say_result(c);
	c->look_at_files = 1;
}

static void kernel_writes(struct ctx *c)
{
	int r = pick_region(c), f = (int)rnd(c, F_EOF);
	long u = (long)rnd(c, (uint64_t)c->regions[r].pages * PER_PAGE), from = (long)rnd(c, FILE_PAGES * PER_PAGE);
	char *p = c->regions[r].base + u * U;
	say(c, " ");
	say_where(c, r, (struct arg){ u, 0 });
	say(c, " from f%d %ld", f, from);
	if ((c->opt->narrow && !model_may(c, p, PROT_WRITE)) || (behind_end(c, p) && !c->past_end)) {
		say(c, " left out\n");
		return;
	}
	CALL(c, pread(c->files[f].fd[OPEN_RO], p, 1, from * U));
	say_result(c);
	c->look_at_files = 1;
}

static const struct op ops[] = {
	{ "store", 16, store, 1 },
	{ "pwrite", 3, kernel_reads, 1 },
	{ "pread", 3, kernel_writes, 1 },
	{ 0 },
};
GROUP(access, 1, ops)
