/* What the calls made of each page, as far as --narrow needs it: where several
 * target pages share a host page, permissions are the union of what they have,
 * unmapped pages may stay, and shared files cannot be split (spec A5, A11). */
#include "diff.h"
#include <string.h>

int whole_slots_only(const struct ctx *c)
{
	return !c->placing_alone || c->opt->narrow;
}

static struct model *in_region(const struct ctx *c, int r, const char *p)
{
	const struct region *g = &c->regions[r];
	if (!g->live || p < g->base || p >= g->base + g->pages * P)
		return NULL;
	return (struct model *)&g->model[(p - g->base) / P];
}

static struct model *model_at(const struct ctx *c, const char *p)
{
	struct model *m = NULL;
	for (int r = 0; r < REGIONS && !m; r++)
		m = in_region(c, r, p);
	return m;
}

/* A slot may lie in the hole of another one: each is told. */
static void model_set(struct ctx *c, char *p, struct model to)
{
	for (int r = 0; r < REGIONS; r++) {
		struct model *m = in_region(c, r, p);
		if (m)
			*m = to;
	}
}

void model_map(struct ctx *c, char *p, long pages, struct model first)
{
	for (long i = 0; i < pages; i++, first.file_page++)
		model_set(c, p + i * P, first);
}

void model_unmap(struct ctx *c, char *p, long pages)
{
	for (long i = 0; i < pages; i++)
		model_set(c, p + i * P, (struct model){ 0 });
}

struct model model_of(const struct ctx *c, const char *p)
{
	const struct model *m = model_at(c, p);
	return m ? *m : (struct model){ 0 };
}

int behind_end(const struct ctx *c, const char *p)
{
	struct model m = model_of(c, p);
	if (!m.mapped || !m.file)
		return 0;
	long unit = (long)m.file_page * PER_PAGE + (long)((uintptr_t)p % (uintptr_t)P) / U;
	return unit >= c->files[m.file - 1].units;
}

void model_protect(struct ctx *c, char *p, long pages, int prot)
{
	for (long i = 0; i < pages; i++) {
		struct model m = model_of(c, p + i * P);
		if (!m.mapped)
			return;
		m.prot = (unsigned char)(prot & 7);
		model_set(c, p + i * P, m);
	}
}

int model_may(const struct ctx *c, const char *p, int prot)
{
	const struct model *m = model_at(c, p);
	return m && m->mapped && (m->prot & prot) == prot;
}

/* A host page that the range covers in part must hold nothing shared, and what
 * is shared must cover whole host pages. */
int narrow_allows(struct ctx *c, int region, struct arg from, long pages, int shared)
{
	struct region *g = &c->regions[region];
	long h = c->opt->narrow, start = g->phase + value(from), end = start + pages * P;
	if (!h)
		return 1;
	if (shared && (start % h || end % h))
		return 0;
	for (long a = start / h * h; a < (end + h - 1) / h * h; a += P) {
		long page = (a - g->phase) / P;
		if (a >= g->phase && page < g->pages && (a < start || a >= end) && g->model[page].shared)
			return 0;
	}
	return 1;
}
