/* The table of groups: each file g_*.c enters its own. */
#include "diff.h"
#include <stdlib.h>
#include <string.h>

static struct group *groups;

/* Sorted, so that the order of linking does not matter. */
void group_register(struct group *g)
{
	struct group **at = &groups;
	while (*at && strcmp((*at)->name, g->name) < 0)
		at = &(*at)->next;
	g->next = *at;
	*at = g;
}

static int named(const char *list, const char *name)
{
	size_t n = strlen(name);
	for (const char *p = list; p; p = strchr(p, ',')) {
		p += *p == ',';
		if (!strncmp(p, name, n) && (p[n] == ',' || !p[n]))
			return 1;
	}
	return 0;
}

/* `list`: names with commas, or NULL for those that are on by default. */
int groups_choose(const char *list)
{
	int on = 0, asked = !!list;
	for (const char *p = list; p && (p = strchr(p, ',')); p++)
		asked++;
	for (struct group *g = groups; g; g = g->next)
		on += g->on = list ? named(list, g->name) : g->on_by_default;
	return list ? on == asked : on > 0;
}

void groups_list(void (*tell)(const char *, int))
{
	for (struct group *g = groups; g; g = g->next)
		tell(g->name, g->on_by_default);
}

void groups_prepare(struct ctx *c)
{
	for (struct group *g = groups; g; g = g->next)
		if (g->on && g->prepare)
			g->prepare(c);
}

static int weight(const struct ctx *c, const struct op *o)
{
	return c->opt->narrow && !o->narrow ? 0 : o->weight;
}

const struct op *group_pick(struct ctx *c, const char **name, const char *except)
{
	long total = 0;
	for (struct group *g = groups; g; g = g->next)
		for (const struct op *o = g->ops; g->on && o->run; o++)
			total += except && !strcmp(except, g->name) ? 0 : weight(c, o);
	long at = (long)rnd(c, (uint64_t)total);
	for (struct group *g = groups; g; g = g->next)
		for (const struct op *o = g->ops; g->on && o->run; o++) {
			at -= except && !strcmp(except, g->name) ? 0 : weight(c, o);
			if (at < 0) {
				*name = g->name;
				return o;
			}
		}
	die("no calls to choose from");
}
