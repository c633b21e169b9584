/* Group vm: process_vm_readv(2) and process_vm_writev(2) of this process, several
 * stretches at a time, over the edges of pages and mappings. */
#include "range.h"
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

enum { STRETCHES = 4, LONGEST = 6, ROOM = STRETCHES * LONGEST };

/* One for each sequence. */
static char buffers[64][ROOM * 4096];

/* Stretches of one region; their units together. */
static long pick_stretches(struct ctx *c, int r, struct iovec *v, int n)
{
	long all = 0;
	for (int i = 0; i < n; i++) {
		long units = (long)rnd(c, LONGEST + 1);
		long first = (long)rnd(c, (uint64_t)(c->regions[r].pages * PER_PAGE - LONGEST));
		v[i] = (struct iovec){ at(c, r, (struct arg){ first, 0 }), (size_t)(units * U) };
		say(c, " ");
		say_where(c, r, (struct arg){ first, 0 });
		say(c, " %ld", units);
		all += units;
	}
	return all;
}

static void say_bytes(struct ctx *c)
{
	if (c->result < 0) {
		say_result(c);
		return;
	}
	say(c, " = ");
	say_arg(c, (struct arg){ c->result / U, (int)(c->result % U) });
	say(c, "\n");
}

static void read_vector(struct ctx *c)
{
	char *buffer = buffers[c->id];
	struct iovec from[STRETCHES], to = { buffer, 0 };
	int n = 1 + (int)rnd(c, STRETCHES), r = pick_region(c);
	uint32_t h = 2166136261u;
	long room = pick_stretches(c, r, from, n);
	if (chance(c, 10))
		room /= 2;
	to.iov_len = (size_t)(room * U);
	memset(buffer, 0, to.iov_len);
	CALL(c, process_vm_readv(getpid(), &to, 1, from, (unsigned long)n, chance(c, 3)));
	say_bytes(c);
	for (long u = 0; u * U < c->result; u++)
		h = (h ^ (unsigned char)buffer[u * U]) * 16777619u;
	say(c, "    read %x\n", h);
}

/* Files that change by size only, and what lies behind the end of others, are left alone. */
static int may_store(struct ctx *c, const struct iovec *v, int n)
{
	for (int i = 0; i < n; i++)
		for (char *p = v[i].iov_base; p < (char *)v[i].iov_base + v[i].iov_len; p += U)
			if (model_of(c, p).file > F_EOF)
				return 0;
	return 1;
}

static void write_vector(struct ctx *c)
{
	char *buffer = buffers[c->id];
	struct iovec to[STRETCHES], from = { buffer, 0 };
	int n = 1 + (int)rnd(c, STRETCHES), r = pick_region(c);
	long units = pick_stretches(c, r, to, n), tag = 1 + (long)rnd(c, 200);
	if (!may_store(c, to, n)) {
		say(c, " left out\n");
		return;
	}
	from.iov_len = (size_t)(units * U);
	memset(buffer, 0, from.iov_len);
	for (long u = 0; u < units; u++)
		buffer[u * U] = (char)(tag + u);
	say(c, " from %ld on", tag);
	CALL(c, process_vm_writev(getpid(), &from, 1, to, (unsigned long)n, 0));
	say_bytes(c);
	c->look_at_files = 1;
}

static const struct op ops[] = { { "readv", 8, read_vector, 0 }, { "writev", 8, write_vector, 0 }, { 0 } };
GROUP(vm, 0, ops)
