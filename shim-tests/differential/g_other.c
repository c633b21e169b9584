/* Group other: calls on ranges that programs seldom make, most of them by number. */
#include "map.h"
#include "range.h"
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum { SYS_pidfd = 434, SYS_process_advice = 440 };

/* The part of a shared mapping that a page shows; the length is what counts, the
 * page's own protection stays. */
static void remap_pages(struct ctx *c)
{
	struct range g = say_range(c);
	long page = (long)rnd(c, FILE_PAGES), n = pages_of(g.len);
	int prot = chance(c, 5) ? PROT_READ : 0;
	char *p = at(c, g.region, g.from);
	struct model m = model_of(c, p);
	/* not over the end of a file, which is group eof */
	if (m.file > F_EOF || page + n > FILE_PAGES) {
		say(c, " left out\n");
		return;
	}
	say(c, " to page %ld prot %d", page, prot);
	CALL(c, remap_file_pages(p, (size_t)value(g.len), prot, (size_t)page, 0));
	say_result(c);
	for (long i = 0; c->result == 0 && i < n; i++) {
		m = model_of(c, p + i * P);
		m.file_page = (int)(page + i);
		model_map(c, p + i * P, 1, m);
	}
	c->look_at_files = 1;
}

/* Without a key it is mprotect(2). */
static void protect_with_key(struct ctx *c)
{
	struct range g = say_range_in(c, pick_arena(c));
	int prot = pick_prot(c), key = chance(c, 85) ? -1 : 99;
	char *p = at(c, g.region, g.from);
	say(c, " ");
	say_prot(c, prot);
	say(c, " key %d", key);
	CALL(c, syscall(SYS_pkey_mprotect, p, value(g.len), (long)prot, (long)key));
	say_result(c);
	if (key == -1 && value(g.from) % P == 0)
		model_protect(c, p, pages_of(g.len), prot);
}

/* What gives back memory, and what populates it, a process may advise to itself only
 * since Linux 6.13. */
static void advise_process(struct ctx *c)
{
	static const struct {
		int advice;
		const char *name;
	} kinds[] = { { 3, "willneed" }, { 20, "cold" }, { 12345, "bad" }, { 4, "dontneed" }, { 22, "populate_read" } };
	struct iovec v[3];
	int n = 1 + (int)rnd(c, 3), k = (int)rnd(c, c->opt->exact ? 5 : 3);
	long all = 0;
	for (int i = 0; i < n; i++) {
		struct range g = say_range(c);
		v[i] = (struct iovec){ at(c, g.region, g.from), (size_t)value(g.len) };
		all += value(g.len);
	}
	say(c, " %s", kinds[k].name);
	int self = (int)syscall(SYS_pidfd, getpid(), 0);
	CALL(c, syscall(SYS_process_advice, self, v, (long)n, (long)kinds[k].advice, 0L));
	close(self);
	if (c->result == -1) {
		say_result(c);
		return;
	}
	/* each length is at most a byte off a unit */
	long units = (c->result + U / 2) / U;
	say(c, " = ");
	say_arg(c, (struct arg){ units, (int)(c->result - units * U) });
	say(c, "%s\n", c->result == all ? ", all" : "");
}

/* What is known of no file, and has no descriptor. */
static void map_memfd(struct ctx *c)
{
	long pages = 1 + (long)rnd(c, 6);
	int r = pick_arena(c), fd = (int)syscall(SYS_memfd_create, "differential", 1L);
	struct arg from = { (long)rnd(c, (uint64_t)(ARENA_PAGES - pages)) * PER_PAGE, 0 };
	int prot = pick_prot(c) & ~PROT_EXEC, flags = chance(c, 50) ? MAP_SHARED : MAP_PRIVATE;
	char *p = at(c, r, from);
	if (fd < 0 || ftruncate(fd, pages * P))
		die("memfd: %s", error_name(errno));
	for (long u = 0; u < pages * PER_PAGE; u += 5) {
		unsigned char b = (unsigned char)(1 + u % 250);
		if (pwrite(fd, &b, 1, u * U) != 1)
			die("memfd: %s", error_name(errno));
	}
	say(c, " ");
	say_where(c, r, from);
	say(c, " pages %ld %s ", pages, flags == MAP_SHARED ? "shared" : "private");
	say_prot(c, prot);
	CALL(c, mmap(p, (size_t)(pages * P), prot, flags | MAP_FIXED, fd, 0));
	close(fd);
	say(c, c->result == (long)p ? " = there\n" : " = NOT THERE\n");
	model_map(c, p, pages, (struct model){ .mapped = 1, .prot = (unsigned char)prot });
}

static void move_to_node(struct ctx *c)
{
	struct range g = say_range(c);
	unsigned long nodes = 1;
	int mode = chance(c, 50) ? 0 /* MPOL_DEFAULT */ : 2 /* MPOL_BIND */, flags = chance(c, 50) ? 0 : 2 /* MPOL_MF_MOVE */;
	say(c, " mode %d flags %d", mode, flags);
	CALL(c, syscall(SYS_mbind, at(c, g.region, g.from), value(g.len), (long)mode, mode ? &nodes : NULL,
			mode ? 8 * (long)sizeof nodes : 0L, (long)flags));
	say_result(c);
}

/* New memory whose pages are brought by this program, in one step. */
static void user_faults(struct ctx *c)
{
	struct request q = { .where = FIXED, .file = FD_ANON, .prot = RW, .flags = MAP_PRIVATE | MAP_ANONYMOUS };
	/* the same for all threads */
	static char content[4 * 65536];
	long pages = 1 + (long)rnd(c, 4), n = 1 + (long)rnd(c, (uint64_t)pages);
	q.region = pick_arena(c);
	q.from.units = (long)rnd(c, (uint64_t)(ARENA_PAGES - pages)) * PER_PAGE;
	q.len.units = pages * PER_PAGE;
	struct arg from = q.from, len = { n * PER_PAGE, 0 };
	if (chance(c, 15))
		len.units -= 1 + (long)rnd(c, PER_PAGE - 1);
	if (chance(c, 10))
		from.units += 1;
	map_request(c, &q);
	int fd = (int)syscall(SYS_userfaultfd, (long)(O_CLOEXEC | O_NONBLOCK | UFFD_USER_MODE_ONLY));
	if (c->result == -1 || fd < 0) {
		say(c, "    no user faults\n");
		close(fd);
		return;
	}
	struct uffdio_api api = { .api = UFFD_API };
	ioctl(fd, UFFDIO_API, &api);
	unsigned long start = (unsigned long)at(c, q.region, q.from), at_page = (unsigned long)at(c, q.region, from);
	struct uffdio_register whole = { { start, (unsigned long)(pages * P) }, UFFDIO_REGISTER_MODE_MISSING, 0 };
	struct uffdio_register part = { { at_page, (unsigned long)value(len) }, UFFDIO_REGISTER_MODE_MISSING, 0 };
	struct uffdio_zeropage zero = { { at_page, (unsigned long)value(len) }, 0, 0 };
	struct uffdio_copy copy = { at_page, (unsigned long)content, (unsigned long)value(len), 0, 0 };
	for (long u = 0; u < 4 * PER_PAGE; u++)
		content[u * U] = (char)(1 + u % 200);
	say(c, "    register ");
	say_arg(c, len);
	CALL(c, ioctl(fd, UFFDIO_REGISTER, &part));
	say_result(c);
	ioctl(fd, UFFDIO_REGISTER, &whole);
	for (int i = 0; i < 2; i++) {
		int copies = chance(c, 60);
		say(c, copies ? "    copy" : "    zero");
		CALL(c, copies ? ioctl(fd, UFFDIO_COPY, &copy) : ioctl(fd, UFFDIO_ZEROPAGE, &zero));
		say_result(c);
		long long done = copies ? copy.copy : zero.zeropage;
		say(c, "    done %lld of ", done < 0 ? done : done / U);
		say_arg(c, len);
		say(c, "\n");
	}
	close(fd);
}

static const struct op ops[] = {
	{ "remap_file_pages", 4, remap_pages, 0 }, { "pkey_mprotect", 5, protect_with_key, 0 },
	{ "process_madvise", 4, advise_process, 0 }, { "memfd", 4, map_memfd, 0 },
	{ "mbind", 3, move_to_node, 0 },	   { "userfaultfd", 4, user_faults, 0 },
	{ 0 },
};
GROUP(other, 0, ops)
