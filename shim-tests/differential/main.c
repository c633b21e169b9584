/* differential: see diff.h.  Options, threads and signals. */
#include "diff.h"
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/time.h>
#include <unistd.h>

long P, U;
int groups_choose(const char *);
void groups_list(void (*)(const char *, int));

enum { OUT_ROOM = 64 << 20, THREADS = 64 };
static struct options options = { .seed = 1, .steps = 300, .threads = 1 };
static __thread struct ctx *running;

static void tell_group(const char *name, int on)
{
	fprintf(stderr, " %s%s", name, on ? "*" : "");
}

static void usage(void)
{
	fputs("differential [--seed N] [--steps N] [--only STEP,...] [--groups NAME,...] [--threads N] [--signal]\n"
	      "             [--interrupt] [--narrow HOSTPAGE] [--raw] [--disk] [--whole] [--exact]\n"
	      "  --only       leaves the other steps out\n"
	      "  --signal     each step in a signal handler\n"
	      "  --interrupt  a timer's handler maps and unmaps meanwhile\n"
	      "  --narrow     only what can be given where host pages are that much larger\n"
	      "  --raw        some calls by syscall(2)\n"
	      "  --disk       files in $ORACLE_DISK, not $ORACLE_TMPFS\n"
	      "  --whole      mappings without an address go whole, and where they are is not told\n"
	      "  --exact      also sequences that depend on the version of the kernel\n"
	      "  --unit       prints P and P/16 first (never alike on two page sizes)\n"
	      "groups (* on by default):", stderr);
	groups_list(tell_group);
	fputc('\n', stderr);
	exit(2);
}

static int step_wanted(const struct ctx *c)
{
	char *end;
	for (const char *p = c->opt->only; p && *p; p = *end ? end + 1 : end) {
		if (strtoull(p, &end, 10) == c->step)
			return 1;
		if (end == p)
			usage();
	}
	return !c->opt->only;
}

void step_run(struct ctx *c)
{
	const char *group;
	rng_step(c);
	const struct op *o = group_pick(c, &group, c->in_child ? "fork" : NULL);
	say(c, "%s%lu %s.%s", c->in_child ? "  child " : "", (unsigned long)c->step, group, o->name);
	o->run(c);
	scan(c);
}

static void on_step(int signal)
{
	int e = errno;
	(void)signal;
	step_run(running);
	errno = e;
}

/* Maps, uses and unmaps memory of its own in the midst of whatever runs. */
static void on_timer(int signal)
{
	int e = errno;
	(void)signal;
	struct ctx *c = running;
	sig_atomic_t armed = c ? c->armed : 0;
	if (c)
		c->armed = 0;
	char *p = mmap(NULL, (size_t)(2 * P), PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED || mprotect(p, (size_t)P + 1, RW) || p[0] || p[2 * P - 1])
		die("the handler's mapping is not as asked for");
	p[0] = p[2 * P - 1] = 1;
	if (munmap(p, (size_t)P) || p[P] || p[2 * P - 1] != 1 || munmap(p + P, 1))
		die("the handler cannot unmap");
	if (c)
		c->armed = armed;
	errno = e;
}

static void start_timer(void)
{
	struct sigaction a = { .sa_handler = on_timer, .sa_flags = SA_RESTART };
	struct itimerval often = { { 0, 150 }, { 0, 150 } };
	sigaction(SIGALRM, &a, NULL);
	setitimer(ITIMER_REAL, &often, NULL);
}

static void *sequence(void *argument)
{
	struct ctx *c = argument;
	running = c;
	touch_init(c);
	say(c, "== seed %lu sequence %d\n", (unsigned long)c->opt->seed, c->id);
	scan(c);
	for (c->step = 1; c->step <= (uint64_t)c->opt->steps; c->step++) {
		if (!step_wanted(c))
			continue;
		if (c->opt->signal)
			pthread_kill(pthread_self(), SIGUSR1);
		else
			step_run(c);
		if (c->opt->threads == 1)
			out_flush(c);
	}
	say(c, "== end\n");
	return NULL;
}

static struct ctx *ctx_new(int id)
{
	static struct ctx all[THREADS];
	struct ctx *c = &all[id];
	c->opt = &options;
	c->id = id;
	c->out_max = OUT_ROOM - sizeof(struct out);
	c->out = mmap(NULL, OUT_ROOM, RW, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (c->out == MAP_FAILED)
		die("no memory for the transcript");
	files_init(c);
	return c;
}

static void run_all(void)
{
	struct ctx *c[THREADS];
	pthread_t thread[THREADS];
	for (int i = 0; i < options.threads; i++)
		c[i] = ctx_new(i);
	for (int i = 0; i < options.threads; i++)
		place_init(c[i]);
	if (options.signal)
		sigaction(SIGUSR1, &(struct sigaction){ .sa_handler = on_step, .sa_flags = SA_NODEFER }, NULL);
	if (options.interrupt)
		start_timer();
	if (options.threads == 1) {
		sequence(c[0]);
	} else {
		for (int i = 0; i < options.threads; i++)
			if (pthread_create(&thread[i], NULL, sequence, c[i]))
				die("no thread");
		for (int i = 0; i < options.threads; i++)
			pthread_join(thread[i], NULL);
	}
	for (int i = 0; i < options.threads; i++)
		out_flush(c[i]);
}

static long number(const char *s)
{
	char *end;
	long n = s ? (long)strtoull(s, &end, 0) : 0;
	if (!s || end == s || *end)
		usage();
	return n;
}

static int switch_named(const char *name)
{
	struct {
		const char *name;
		int *to;
	} const switches[] = {
		{ "--signal", &options.signal }, { "--interrupt", &options.interrupt }, { "--raw", &options.raw },
		{ "--disk", &options.disk },	 { "--exact", &options.exact },
		{ "--whole", &options.whole },
	};
	for (size_t i = 0; i < sizeof switches / sizeof *switches; i++)
		if (!strcmp(name, switches[i].name))
			return *switches[i].to = 1;
	return 0;
}

static void parse(char **argument)
{
	for (; *argument; argument++) {
		const char *name = *argument;
		if (switch_named(name))
			continue;
		if (!strcmp(name, "--unit")) {
			fprintf(stderr, "P %ld, unit %ld\n", P, U);
			continue;
		}
		const char *given = *++argument;
		if (!given)
			usage();
		if (!strcmp(name, "--seed")) options.seed = (uint64_t)number(given);
		else if (!strcmp(name, "--steps")) options.steps = number(given);
		else if (!strcmp(name, "--only")) options.only = given;
		else if (!strcmp(name, "--groups")) options.groups = given;
		else if (!strcmp(name, "--threads")) options.threads = (int)number(given);
		else if (!strcmp(name, "--narrow")) options.narrow = number(given);
		else usage();
	}
	if (options.threads < 1 || options.threads > THREADS || !groups_choose(options.groups))
		usage();
	if (options.narrow && (options.narrow & (options.narrow - 1) || options.narrow < P || options.narrow / P > NARROW_MAX))
		usage();
}

int main(int argc, char **argv)
{
	(void)argc;
	P = sysconf(_SC_PAGESIZE);
	U = P / PER_PAGE;
	parse(argv + 1);
	/* huge pages appear at sizes of their own */
	prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
	run_all();
	return 0;
}
