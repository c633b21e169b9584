/* Group mlock: mlock, mlock2, munlock, mlockall, MAP_LOCKED; addresses need no alignment.
 * For a user who may lock everything: limits in bytes differ with the size of pages. */
#include "map.h"
#include "range.h"
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Pages locked in the whole process, from /proc/self/status without stdio. */
static void say_locked(struct ctx *c)
{
	char b[4096];
	int fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, b, sizeof b - 1);
	if (fd >= 0)
		close(fd);
	if (n <= 0 || !alone(c))
		return;
	b[n] = 0;
	const char *p = strstr(b, "VmLck:");
	if (!p)
		return;
	long bytes = strtol(p + 6, NULL, 10) * 1024;
	say(c, "    locked: %ld pages", bytes / P);
	say(c, "%s\n", bytes % P ? " AND A PART" : "");
}

static struct range any_address(struct ctx *c)
{
	/* not into what others have behind a slot */
	struct range g = say_range_in(c, whole_slots_only(c) ? pick_arena(c) : pick_region(c));
	if (chance(c, 40)) {
		g.from.units += (long)rnd(c, PER_PAGE);
		say(c, " really from ");
		say_arg(c, g.from);
	}
	return g;
}

static void lock(struct ctx *c)
{
	struct range g = any_address(c);
	CALL(c, mlock(at(c, g.region, g.from), (size_t)value(g.len)));
	say_result(c);
	say_locked(c);
}

static void lock_on_fault(struct ctx *c)
{
	struct range g = any_address(c);
	int flags = chance(c, 80) ? MLOCK_ONFAULT : chance(c, 50) ? 0 : 8;
	say(c, " flags %d", flags);
	CALL(c, mlock2(at(c, g.region, g.from), (size_t)value(g.len), (unsigned)flags));
	say_result(c);
	say_locked(c);
}

static void unlock(struct ctx *c)
{
	struct range g = any_address(c);
	CALL(c, munlock(at(c, g.region, g.from), (size_t)value(g.len)));
	say_result(c);
	say_locked(c);
}

/* Other threads' memory as well. */
static void lock_all(struct ctx *c)
{
	int flags = 1 + (int)rnd(c, 8);
	if (!alone(c)) {
		say(c, " left out\n");
		return;
	}
	say(c, " flags %d", flags);
	CALL(c, mlockall(flags));
	say_result(c);
	say(c, "    munlockall");
	CALL(c, munlockall());
	say_result(c);
}

static void map_locked(struct ctx *c)
{
	struct request q = { .file = FD_ANON, .prot = pick_prot(c), .flags = pick_anonymous(c) | MAP_LOCKED };
	pick_address(c, &q, 6);
	map_request(c, &q);
	say_locked(c);
}

static const struct op ops[] = {
	{ "mlock", 6, lock, 0 },     { "mlock2", 4, lock_on_fault, 0 }, { "munlock", 6, unlock, 0 },
	{ "mmap", 2, map_locked, 0 }, { "mlockall", 1, lock_all, 0 },   { 0 },
};
GROUP(mlock, 0, ops)
