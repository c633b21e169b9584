/* Groups eof, eof_private, tail: files that grow and shrink under their mappings.
 *
 * eof: shared mappings, nothing stored behind the end; what is read there is 0.
 * eof_private: private ones of a file whose contents never change but by its size.
 * tail: as eof, and stores behind the end (what becomes of them is the file
 * system's choice: tmpfs lets them come back when the file grows). */
#include "map.h"
#include <fcntl.h>
#include <stdio.h>
#include <sys/sendfile.h>
#include <sys/uio.h>
#include <unistd.h>

enum { LONGEST = FILE_PAGES * PER_PAGE };

static void map_eof(struct ctx *c, int file, int flags)
{
	struct request q = { .file = file, .how = OPEN_RW, .flags = flags, .prot = pick_prot(c) & ~PROT_EXEC };
	q.offset = pick_offset(c, FILE_PAGES);
	pick_address(c, &q, FILE_PAGES + 2);
	map_request(c, &q);
}

static void map_shared(struct ctx *c)
{
	map_eof(c, F_EOF, MAP_SHARED);
}

static void map_private(struct ctx *c)
{
	map_eof(c, F_EOF_PRIVATE, MAP_PRIVATE);
}

static void truncate_file(struct ctx *c, int file)
{
	long units = (long)rnd(c, LONGEST);
	int odd = 0;
	if (chance(c, 30))
		units -= units % PER_PAGE;
	if (chance(c, 20))
		odd = 1;
	if (chance(c, 4))
		units = 0, odd = 0;
	say(c, " f%d to %ld%+d", file, units, odd);
	CALL(c, ftruncate(c->files[file].fd[OPEN_RW], units * U + odd));
	say_result(c);
	c->look_at_files = 1;
}

static void truncate_shared(struct ctx *c)
{
	truncate_file(c, F_EOF);
}

static void truncate_private(struct ctx *c)
{
	truncate_file(c, F_EOF_PRIVATE);
}

static void truncate_by_open(struct ctx *c)
{
	char path[64];
	snprintf(path, sizeof path, "/proc/self/fd/%d", c->files[F_EOF].fd[OPEN_RW]);
	int fd = open(path, O_RDWR | O_TRUNC | O_CLOEXEC);
	say(c, " f%d%s\n", F_EOF, fd < 0 ? " cannot be opened" : "");
	close(fd);
	c->look_at_files = 1;
}

/* One byte at a tag's place, by each call that writes. */
static long write_byte(struct ctx *c, int how, long unit, unsigned char tag)
{
	int fd = c->files[F_EOF].fd[OPEN_WO], from = c->files[F_CONST].fd[OPEN_RO];
	struct iovec v = { &tag, 1 };
	loff_t in = tag % FILE_PAGES * P, out = unit * U;
	off_t start = in;
	switch (how) {
	case 0: return pwrite(fd, &tag, 1, out);
	case 1: return lseek(fd, out, SEEK_SET) < 0 ? -1 : write(fd, &tag, 1);
	case 2: return lseek(fd, out, SEEK_SET) < 0 ? -1 : writev(fd, &v, 1);
	case 3: return pwritev(fd, &v, 1, out);
	case 4: return pwritev2(fd, &v, 1, out, 0);
	case 5: return copy_file_range(from, &in, fd, &out, 1, 0);
	default: return lseek(fd, out, SEEK_SET) < 0 ? -1 : sendfile(fd, from, &start, 1);
	}
}

static void write_file(struct ctx *c)
{
	static const char *const hows[] = { "pwrite", "write", "writev", "pwritev", "pwritev2", "copy_file_range", "sendfile" };
	int how = (int)rnd(c, 7);
	long unit = (long)rnd(c, LONGEST);
	unsigned char tag = (unsigned char)(1 + rnd(c, 250));
	say(c, " %s f%d %ld %d", hows[how], F_EOF, unit, tag);
	CALL(c, write_byte(c, how, unit, tag));
	say_result(c);
	c->look_at_files = 1;
}

static void allocate(struct ctx *c)
{
	long from = (long)rnd(c, LONGEST), n = 1 + (long)rnd(c, 3 * PER_PAGE);
	int mode = chance(c, 50) ? 0 : FALLOC_FL_KEEP_SIZE | (chance(c, 80) ? FALLOC_FL_PUNCH_HOLE : 0);
	if (from + n > LONGEST)
		n = LONGEST - from;
	say(c, " f%d %ld units at %ld mode %d", F_EOF, n, from, mode);
	CALL(c, fallocate(c->files[F_EOF].fd[OPEN_RW], mode, from * U, n * U));
	say_result(c);
	c->look_at_files = 1;
}

/* Stores into the last page of a mapping of the growing file. */
static void store_tail(struct ctx *c)
{
	int r = pick_region(c);
	long u = (long)rnd(c, (uint64_t)c->regions[r].pages * PER_PAGE);
	unsigned char tag = (unsigned char)(1 + rnd(c, 250));
	char *p = at(c, r, (struct arg){ u, 0 });
	for (int tries = 0; tries < 40 && !behind_end(c, p); tries++) {
		u = (long)rnd(c, (uint64_t)c->regions[r].pages * PER_PAGE);
		p = at(c, r, (struct arg){ u, 0 });
	}
	say(c, " ");
	say_where(c, r, (struct arg){ u, 0 });
	char fault = touch_write(c, p, tag);
	say(c, " %d: %c\n", tag, fault ? fault : 'w');
	c->look_at_files = 1;
}

static const struct op shared_ops[] = {
	{ "mmap", 8, map_shared, 0 },		{ "ftruncate", 8, truncate_shared, 0 },
	{ "write", 8, write_file, 0 },		{ "fallocate", 5, allocate, 0 },
	{ "open_trunc", 1, truncate_by_open, 0 }, { 0 },
};
GROUP(eof, 0, shared_ops)
static const struct op private_ops[] = { { "mmap", 6, map_private, 0 }, { "ftruncate", 4, truncate_private, 0 }, { 0 } };
GROUP(eof_private, 0, private_ops)
/* A mapping that stays: a kernel keeps what was stored behind the end in its page cache
 * when no mapping is left, for as long as it likes. */
static void keep_pages(struct ctx *c)
{
	if (mmap(NULL, (FILE_PAGES + 1) * (size_t)P, RW, MAP_SHARED, c->files[F_EOF].fd[OPEN_RW], 0) == MAP_FAILED)
		die("cannot map the growing file");
}

static const struct op tail_ops[] = { { "store", 10, store_tail, 0 }, { 0 } };
GROUP_WITH(tail, 0, tail_ops, keep_pages)
