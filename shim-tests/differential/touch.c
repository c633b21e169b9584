/* Looking at memory: every page of every region after every step, by touching
 * it.  A fault ends in a siglongjmp out of the handler. */
#include "diff.h"
#include <string.h>
#include <unistd.h>

static __thread struct ctx *self;

static void on_fault(int signal, siginfo_t *info, void *context)
{
	(void)context;
	struct ctx *c = self;
	if (!c || !c->armed) {
		/* not ours: happens again and ends the process */
		sigaction(signal, &(struct sigaction){ .sa_handler = SIG_DFL }, NULL);
		return;
	}
	c->fault_signal = signal;
	c->fault_code = info->si_code;
	c->fault_address = info->si_addr;
	c->armed = 0;
	siglongjmp(c->jump, 1);
}

void touch_init(struct ctx *c)
{
	self = c;
	struct sigaction a = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_NODEFER };
	sigaction(SIGSEGV, &a, NULL);
	sigaction(SIGBUS, &a, NULL);
}

static char fault_name(const struct ctx *c, const char *p)
{
	if (c->fault_address != p)
		return '!';
	if (c->fault_signal == SIGBUS)
		return c->fault_code == BUS_ADRERR ? 'B' : 'b';
	return c->fault_code == SEGV_MAPERR ? '.' : c->fault_code == SEGV_ACCERR ? '-' : '?';
}

char touch_read(struct ctx *c, char *p, unsigned char *value)
{
	if (sigsetjmp(c->jump, 0))
		return fault_name(c, p);
	c->armed = 1;
	*value = *(volatile unsigned char *)p;
	c->armed = 0;
	return 0;
}

char touch_write(struct ctx *c, char *p, unsigned char value)
{
	if (sigsetjmp(c->jump, 0))
		return fault_name(c, p);
	c->armed = 1;
	*(volatile unsigned char *)p = value;
	c->armed = 0;
	return 0;
}

/* The tags of a page that can be read at its start; a fault on the way is
 * told by its name. */
static char read_tags(struct ctx *c, char *p, uint32_t *tags)
{
	volatile int i = 0;
	uint32_t h = 2166136261u, any = 0;
	if (sigsetjmp(c->jump, 0))
		return fault_name(c, p + i * U);
	c->armed = 1;
	for (; i < PER_PAGE; i++) {
		unsigned char b = *(volatile unsigned char *)(p + i * U);
		any |= b;
		h = (h ^ b) * 16777619u;
	}
	i = 0;
	c->armed = 0;
	*tags = any ? h : 0;
	return 0;
}

static int writable_alike(struct ctx *c, char *p, char expected)
{
	unsigned char b;
	return touch_read(c, p, &b) == 0 && touch_write(c, p, b) == expected;
}

static void look_page(struct ctx *c, char *p, struct page *s, int prot)
{
	char *other = p + (long)(c->step % PER_PAGE) * U, *last = p + P - 1;
	unsigned char b = 0;
	s->read = touch_read(c, p, &b);
	if (s->read) {
		s->mixed = touch_read(c, other, &b) != s->read || touch_read(c, last, &b) != s->read;
		/* a page that cannot be read could still be written to */
		s->write = s->read == '.' ? '.' : touch_write(c, other, 0);
		return;
	}
	s->mixed = read_tags(c, p, &s->tags) != 0;
	if (!(prot & PROT_WRITE)) {
		s->write = 'x';
		return;
	}
	s->write = touch_write(c, p, b);
	s->mixed |= !writable_alike(c, other, s->write) || !writable_alike(c, last, s->write);
}

static int same(const struct page *a, const struct page *b)
{
	return a->known == b->known && a->read == b->read && a->write == b->write && a->mixed == b->mixed && a->tags == b->tags;
}

static void say_page(struct ctx *c, const struct page *s)
{
	if (s->read)
		say(c, "%c%c", s->read, s->write ? s->write : 'w');
	else
		say(c, "r%c %x", s->write ? s->write : 'w', s->tags);
	say(c, "%s\n", s->mixed ? " NOT ALIKE WITHIN THE PAGE" : "");
}

/* With --narrow only what the calls made, and no access they did not give. */
static int to_look_at(const struct ctx *c, const struct model *m, int *prot)
{
	*prot = PROT_READ | PROT_WRITE;
	if (!c->opt->narrow)
		return 1;
	*prot = m->prot;
	return m->mapped && m->prot;
}

static void scan_region(struct ctx *c, int r)
{
	struct region *g = &c->regions[r];
	struct page now[ARENA_PAGES];
	memset(now, 0, sizeof now);
	for (int i = 0; i < g->pages; i++) {
		int prot;
		if (to_look_at(c, &g->model[i], &prot)) {
			now[i].known = 1;
			look_page(c, g->base + i * P, &now[i], prot);
		}
	}
	for (int i = 0, end; i < g->pages; i = end) {
		end = i + 1;
		if (!now[i].known || same(&now[i], &g->seen[i]))
			continue;
		while (end < g->pages && same(&now[end], &now[i]) && !same(&now[end], &g->seen[end]))
			end++;
		say(c, "    ");
		say_where(c, r, (struct arg){ (long)i * PER_PAGE, 0 });
		say(c, end > i + 1 ? "+%d " : " ", end - i);
		say_page(c, &now[i]);
	}
	memcpy(g->seen, now, sizeof now);
}

/* A file as pread(2) shows it, page by page. */
static void scan_file(struct ctx *c, int n)
{
	struct file *f = &c->files[n];
	if (n >= F_EOF)
		file_size(c, n);
	if (f->units != f->seen_units)
		say(c, "    f%d has %ld units\n", n, f->units);
	f->seen_units = f->units;
	for (int page = 0; page < FILE_PAGES + 1; page++) {
		uint32_t h = 2166136261u, any = 0;
		for (long u = (long)page * PER_PAGE; u < (page + 1L) * PER_PAGE && u < f->units; u++) {
			unsigned char b = 0;
			if (pread(f->fd[OPEN_RW], &b, 1, u * U) != 1)
				b = 0xee;
			any |= b;
			h = (h ^ b) * 16777619u;
		}
		if (!any)
			h = 0;
		if (h != f->seen[page])
			say(c, "    f%d %d: %x\n", n, page, h);
		f->seen[page] = h;
	}
}

void scan(struct ctx *c)
{
	for (int r = 0; r < REGIONS; r++)
		if (c->regions[r].live)
			scan_region(c, r);
	if (c->look_at_files || c->step % 16 == 0)
		for (int n = 0; n < FILES; n++)
			scan_file(c, n);
	c->look_at_files = 0;
}
