/* Purpose: the random differential.  A seeded sequence of memory calls in units
 * of P/16 (P = page size) whose transcript does not depend on P: the same on
 * real 4K, 16K and 64K kernels, hence what 4K prints natively is what it must
 * print when larger pages are shown.
 *
 * Invariants:
 * - Nothing in the transcript depends on an address, on P or on the
 *   architecture; no choice depends on anything but the seed, the number of
 *   the step and results of earlier steps.
 * - Memory is touched at multiples of P/16 only ("tags"), one byte each.
 * - After set-up nothing in this program maps memory but the steps: no stdio, no
 *   malloc, so that placement can be foretold.
 *
 * A group of calls is one file g_*.c that ends in GROUP(...).
 */
#ifndef DIFF_H
#define DIFF_H
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/types.h>

#ifndef MAP_FIXED_NOREPLACE
#define MAP_FIXED_NOREPLACE 0x100000
#endif
#ifndef MAP_SHARED_VALIDATE
#define MAP_SHARED_VALIDATE 3
#endif
#define RW (PROT_READ | PROT_WRITE)

enum {
	PER_PAGE = 16,	  /* units in a page */
	ARENAS = 3,	  /* regions at a place of our choice, partly unmapped */
	HEAP = 2,	  /* the last of them: group brk */
	SLOTS = 8,	  /* regions at a place the system chose */
	REGIONS = ARENAS + SLOTS,
	ARENA_PAGES = 32,
	PLACED_PAGES = 24, /* < 2 MiB at 64K: larger ones are aligned for huge pages */
	FILES = 6,
	FILE_PAGES = 12,
	ODD_ERRNO = 4000,  /* in errno before a call; must be there after a success */
	NARROW_MAX = 64,   /* target pages in a host page, at most */
};
/* The files: contents of 0 and 1 change and are mapped shared only; 2 and 3
 * never change; 4 and 5 grow and shrink (group eof), 5 is mapped private.
 * (What a private mapping shows of a later change to its file is unspecified.) */
enum { F_SHARED = 0, F_CONST = 2, F_EOF = 4, F_EOF_PRIVATE = 5, F_END = 6 };
/* Beyond the files: arguments of mmap that are not regular files. */
enum { FD_ANON = -1, FD_NONE = -2, FD_PIPE = -3, FD_DIR = -4, FD_ZERO = -5 };
enum { OPEN_RW, OPEN_RO, OPEN_WO };

/* A value of units * P/16 + odd bytes. */
struct arg {
	long units;
	int odd;
};

/* What is seen of a page: how a read and a write end (0 fine, '.' nothing
 * mapped, '-' protected, 'B' past the end of a file, others never), and the tags. */
struct page {
	char read, write, mixed, known;
	uint32_t tags;
};
/* What the calls made of a page: for --narrow, where less can be looked at, and
 * to know the ends of files. */
enum { NOT_SHARED, SHARED_WRITABLE, SHARED_READ_ONLY, SHARED_SEGMENT };
struct model {
	unsigned char mapped, prot, shared;
	signed char file; /* number + 1; 0 is none */
	int file_page;
};
struct region {
	char *base;
	int pages, live;
	long phase; /* with --narrow: offset of the base in its host page */
	uint64_t born; /* step that made it: the oldest slot is given up first */
	struct page seen[ARENA_PAGES];
	struct model model[ARENA_PAGES];
};
struct file {
	int fd[3];
	long units; /* size */
	uint32_t seen[FILE_PAGES + 1];
	long seen_units;
};
struct options {
	uint64_t seed;
	long steps;
	int threads, signal, interrupt, raw, disk, exact, whole;
	long narrow; /* H where H > P, else 0 */
	const char *groups, *only;
};
/* Transcript, in memory that a forked child shares. */
struct out {
	size_t len, flushed;
	char text[];
};
/* One sequence; one thread has one. */
struct ctx {
	const struct options *opt;
	uint64_t rng, step;
	int id, in_child, placing_alone;
	struct region regions[REGIONS];
	struct file files[FILES];
	int pipe[2], dir, zero;
	char *top; /* end of the free space in which placement can be foretold */
	struct out *out;
	size_t out_max;
	long result;
	int error;
	int look_at_files, past_end; /* past_end: stores behind the end of a file, too */
	/* touching memory */
	sigjmp_buf jump;
	volatile sig_atomic_t armed;
	int fault_signal, fault_code;
	char *fault_address;
};

struct op {
	const char *name;
	int weight;
	void (*run)(struct ctx *);
	int narrow; /* also with --narrow */
};
struct group {
	const char *name;
	const struct op *ops;
	void (*prepare)(struct ctx *); /* before placement is foretold; or NULL */
	struct group *next;
	int on_by_default, on;
};
void group_register(struct group *);
#define GROUP_WITH(id, by_default, table, before)                                                                     \
	static struct group group_##id = { .name = #id, .ops = table, .on_by_default = by_default, .prepare = before }; \
	__attribute__((constructor)) static void enter_##id(void) { group_register(&group_##id); }
#define GROUP(id, by_default, table) GROUP_WITH(id, by_default, table, NULL)

extern long P, U;

/* main.c, groups.c */
void step_run(struct ctx *);
void groups_prepare(struct ctx *);
const struct op *group_pick(struct ctx *, const char **group, const char *except);

/* out.c */
void say(struct ctx *, const char *, ...) __attribute__((format(printf, 2, 3)));
void out_flush(struct ctx *);
void say_arg(struct ctx *, struct arg);
void say_where(struct ctx *, int region, struct arg);
void say_prot(struct ctx *, int prot);
void say_result(struct ctx *);
const char *error_name(int);
void die(const char *, ...) __attribute__((format(printf, 1, 2), noreturn));

/* random.c */
void rng_step(struct ctx *);
uint64_t rnd(struct ctx *, uint64_t below);
int chance(struct ctx *, int percent);
long value(struct arg);
long pages_of(struct arg); /* rounded up */
int pick_region(struct ctx *);
int pick_arena(struct ctx *);
struct arg pick_offset(struct ctx *, int pages);
struct arg pick_length(struct ctx *, long pages);
void pick_range(struct ctx *, int region, int beyond, struct arg *at, struct arg *len);
int pick_prot(struct ctx *);
/* A length no call can take: 0, or beyond the address space. */
struct arg pick_bad_length(struct ctx *);

/* touch.c */
void touch_init(struct ctx *);
/* How an access ends; 0 when it does not fault. */
char touch_read(struct ctx *, char *, unsigned char *value);
char touch_write(struct ctx *, char *, unsigned char value);
void scan(struct ctx *);
int alone(const struct ctx *); /* nothing else maps memory meanwhile */

/* place.c */
void place_init(struct ctx *);
void files_init(struct ctx *);
int fd_of(const struct ctx *, int file, int how);
char *at(const struct ctx *, int region, struct arg);
void file_size(struct ctx *, int file); /* looks it up */
/* Makes room for one more slot, then finds the region of a new mapping. */
void slot_make_room(struct ctx *);
int region_of(struct ctx *, char *, long pages);
int say_place(struct ctx *, char *, long pages);

/* model.c: pages of all regions that have them */
void model_map(struct ctx *, char *, long pages, struct model first);
void model_unmap(struct ctx *, char *, long pages);
struct model model_of(const struct ctx *, const char *);
/* Whether an address is in a mapping of a file, behind the file's last tag. */
int behind_end(const struct ctx *, const char *);
/* As mprotect(2): up to the first hole. */
void model_protect(struct ctx *, char *, long pages, int prot);
int model_may(const struct ctx *, const char *, int prot);
/* Whether a fixed mapping may be asked for with --narrow. */
int narrow_allows(struct ctx *, int region, struct arg from, long pages, int shared);
/* With --narrow a piece of a placed mapping is never given back alone. */
int whole_slots_only(const struct ctx *);

/* call.c: a call by its C function or, with --raw, now and then by syscall() */
void call_mmap(struct ctx *, void *, size_t, int prot, int flags, int fd, long off);
void call_munmap(struct ctx *, void *, size_t);
void call_mprotect(struct ctx *, void *, size_t, int prot);
void call_msync(struct ctx *, void *, size_t, int flags);
/* Others: keeps result and errno. */
#define CALL(c, expression) (errno = ODD_ERRNO, (c)->result = (long)(expression), (c)->error = errno)
#endif
