/* Group shm: System V shared memory.  A segment is as long as it was asked for,
 * its mapping whole pages; addresses are multiples of SHMLBA, which is P. */
#include "diff.h"
#include <sys/shm.h>

enum { SEGMENTS = 3 };
struct segment {
	int id;
	struct arg size;
};

/* Kept by an attachment that is never looked at, and gone with the process. */
static struct segment segment_new(struct arg size)
{
	struct segment s = { shmget(IPC_PRIVATE, (size_t)value(size), IPC_CREAT | 0600), size };
	if (s.id < 0)
		die("shmget: %s", error_name(errno));
	if (shmat(s.id, NULL, 0) == (void *)-1 || shmctl(s.id, IPC_RMID, NULL))
		die("shmat: %s", error_name(errno));
	return s;
}

/* Made at set-up, before placement is foretold: they take address space. */
static struct segment segments[64][SEGMENTS];

static void prepare(struct ctx *c)
{
	static const struct arg sizes[SEGMENTS] = { { 3 * PER_PAGE, 0 }, { 2 * PER_PAGE - 5, 0 }, { PER_PAGE, 1 } };
	for (int i = 0; i < SEGMENTS; i++)
		segments[c->id][i] = segment_new(sizes[i]);
}

static void say_flags(struct ctx *c, int flags)
{
	say(c, "%s%s%s%s", flags & SHM_RDONLY ? " ro" : "", flags & SHM_RND ? " rnd" : "", flags & SHM_REMAP ? " remap" : "",
	    flags & SHM_EXEC ? " exec" : "");
}

static void attach(struct ctx *c)
{
	int n = (int)rnd(c, SEGMENTS), r = -1;
	struct segment s = segments[c->id][n];
	struct arg from = { 0, 0 };
	int flags = (chance(c, 25) ? SHM_RDONLY : 0) | (chance(c, 40) ? SHM_RND : 0) | (chance(c, 10) ? SHM_EXEC : 0);
	say(c, " segment %d", n);
	if (chance(c, 70)) {
		r = pick_arena(c);
		from = pick_offset(c, ARENA_PAGES - (int)pages_of(s.size));
		if (flags & SHM_RND && chance(c, 50))
			from.units += (long)rnd(c, PER_PAGE);
		flags |= chance(c, 60) ? SHM_REMAP : 0;
		say(c, " ");
		say_where(c, r, from);
	}
	say_flags(c, flags);
	say(c, "\n");
	slot_make_room(c);
	CALL(c, shmat(s.id, r < 0 ? NULL : at(c, r, from), flags));
	if (c->result == -1) {
		say_result(c);
		return;
	}
	char *p = (char *)c->result;
	say_place(c, p, pages_of(s.size));
	unsigned char prot = (unsigned char)(flags & SHM_RDONLY ? PROT_READ : RW);
	model_map(c, p, pages_of(s.size), (struct model){ .mapped = 1, .prot = prot, .shared = SHARED_SEGMENT });
}

/* Pages where segments were put, in regions where holes may be made. */
static int find_attached(struct ctx *c, int *r, struct arg *from)
{
	int seen = 0;
	for (int i = 0; i < (whole_slots_only(c) ? ARENAS : REGIONS); i++)
		for (int page = 0; c->regions[i].live && page < c->regions[i].pages; page++)
			if (c->regions[i].model[page].shared == SHARED_SEGMENT && !rnd(c, (uint64_t)++seen))
				*r = i, *from = (struct arg){ (long)page * PER_PAGE, 0 };
	return seen;
}

static void detach(struct ctx *c)
{
	int r = pick_arena(c);
	struct arg from = pick_offset(c, ARENA_PAGES);
	if (chance(c, 85))
		find_attached(c, &r, &from);
	if (chance(c, 5))
		from.units += (long)rnd(c, PER_PAGE);
	say(c, " ");
	say_where(c, r, from);
	CALL(c, shmdt(at(c, r, from)));
	say_result(c);
}

static const struct op ops[] = { { "shmat", 10, attach, 0 }, { "shmdt", 8, detach, 0 }, { 0 } };
GROUP_WITH(shm, 0, ops, prepare)
