/* group: eof */
/* A program's own SIGBUS: stacks, masks, flags, pending signals, all with a file
 * mapped whose tail was touched. */
#include "../harness.h"
#include <sys/signalfd.h>
#include <ucontext.h>

static char *map, stack[1 << 16];
static sigjmp_buf jump;
static volatile int runs, code, on_alternate, bus_blocked, usr_blocked, leave;
static char *volatile address;

static void on_bus(int number, siginfo_t *info, void *context)
{
	char here;
	sigset_t mask;

	(void)number;
	(void)context;
	runs++;
	code = info->si_code;
	address = info->si_addr;
	on_alternate = &here >= stack && &here < stack + sizeof stack;
	pthread_sigmask(SIG_BLOCK, NULL, &mask);
	bus_blocked = sigismember(&mask, SIGBUS);
	usr_blocked = sigismember(&mask, SIGUSR1);
	if (leave)
		siglongjmp(jump, 1);
	/* the page that was missing comes into being, and the access goes on */
	if (info->si_code == BUS_ADRERR)
		NEED(mmap(map + 2 * P, P, RW, ANON | MAP_FIXED, -1, 0) == map + 2 * P);
}

static void tail_touched(void)
{
	int fd = new_file(disk(), P + 10);

	if (map)
		munmap(map, 4 * P);
	map = mmap(NULL, 4 * P, RW, MAP_SHARED, fd, 0);
	NEED(map != MAP_FAILED);
	close(fd);
	map[2 * P - 1] = 1;
	runs = code = on_alternate = bus_blocked = usr_blocked = 0;
}

static void install(int flags, int mask_usr)
{
	struct sigaction action = { .sa_sigaction = on_bus, .sa_flags = SA_SIGINFO | flags }, old;

	if (mask_usr)
		sigaddset(&action.sa_mask, SIGUSR1);
	NEED(sigaction(SIGBUS, &action, NULL) == 0);
	NEED(sigaction(SIGBUS, NULL, &old) == 0);
	CHECK(old.sa_sigaction == on_bus);
	SHOW((old.sa_flags & ~0x04000000) == (SA_SIGINFO | flags));
	SHOW(sigismember(&old.sa_mask, SIGUSR1));
	SHOW(sigismember(&old.sa_mask, SIGBUS));
}

static void show(const char *name)
{
	say("%s: %d run, code %s, address %+ld, alternate stack %d, SIGBUS blocked %d, SIGUSR1 blocked %d",
	    name, runs, code == BUS_ADRERR ? "BUS_ADRERR" : code <= 0 ? "sent" : "other",
	    code == BUS_ADRERR ? (long)(address - (map + 2 * P)) : 0, on_alternate, bus_blocked,
	    usr_blocked);
}

static void ask(const char *name, int flags, int mask_usr, int jumps)
{
	stack_t alternate = { .ss_sp = stack, .ss_size = sizeof stack };
	struct sigaction after;
	sigset_t mask;

	NEED(sigaltstack(&alternate, NULL) == 0);
	tail_touched();
	install(flags, mask_usr);
	leave = jumps;
	if (!sigsetjmp(jump, 1))
		map[2 * P + 5] = 1;
	show(name);
	pthread_sigmask(SIG_BLOCK, NULL, &mask);
	say("after it: SIGBUS blocked %d, SIGUSR1 blocked %d", sigismember(&mask, SIGBUS),
	    sigismember(&mask, SIGUSR1));
	NEED(sigaction(SIGBUS, NULL, &after) == 0);
	say("disposition: %s", after.sa_handler == SIG_DFL ? "default" : "handler");
}

static void pending(void)
{
	sigset_t bus, seen, old;
	struct timespec now = { 0, 0 };
	struct signalfd_siginfo got;

	leave = 0;
	sigemptyset(&bus);
	sigaddset(&bus, SIGBUS);
	tail_touched();
	install(0, 0);
	NEED(pthread_sigmask(SIG_BLOCK, &bus, &old) == 0);
	SHOW(sigismember(&old, SIGBUS));
	map[2 * P - 2] = 1;
	NEED(kill(getpid(), SIGBUS) == 0);
	SHOW(runs);
	NEED(sigpending(&seen) == 0);
	SHOW(sigismember(&seen, SIGBUS));
	SHOW(sigtimedwait(&bus, NULL, &now) == SIGBUS);
	NEED(sigpending(&seen) == 0);
	SHOW(sigismember(&seen, SIGBUS));
	int fd = signalfd(-1, &bus, SFD_NONBLOCK);
	NEED(raise(SIGBUS) == 0);
	SHOW(read(fd, &got, sizeof got) == sizeof got && got.ssi_signo == SIGBUS);
	close(fd);
	NEED(raise(SIGBUS) == 0);
	SHOW(runs);
	NEED(pthread_sigmask(SIG_SETMASK, &old, &seen) == 0);
	SHOW(sigismember(&seen, SIGBUS));
	show("unblocked");
}

static void by_signal(void)
{
	void (*handler)(int) = (void (*)(int))(uintptr_t)on_bus;

	tail_touched();
	SHOW(signal(SIGBUS, SIG_IGN) == handler);
	NEED(kill(getpid(), SIGBUS) == 0);
	map[2 * P - 3] = 1;
	SHOW(signal(SIGBUS, SIG_DFL) == SIG_IGN);
	SHOW(signal(SIGBUS, handler) == SIG_DFL);
	struct sigaction old;
	NEED(sigaction(SIGBUS, NULL, &old) == 0);
	SHOW(old.sa_flags & SA_RESTART ? 1 : 0);
	SHOW(old.sa_flags & SA_SIGINFO ? 1 : 0);
}

static void dies_of_default(void)
{
	tail_touched();
	signal(SIGBUS, SIG_DFL);
	map[2 * P] = 1;
}
static void dies_of_ignored(void)
{
	tail_touched();
	signal(SIGBUS, SIG_IGN);
	map[2 * P] = 1;
}
static void dies_of_sent(void)
{
	tail_touched();
	signal(SIGBUS, SIG_DFL);
	raise(SIGBUS);
}
static void dies_blocked(void)
{
	sigset_t bus;

	tail_touched();
	sigemptyset(&bus);
	sigaddset(&bus, SIGBUS);
	sigprocmask(SIG_BLOCK, &bus, NULL);
	map[2 * P - 9] = 1;
	map[2 * P] = 1;
}

static volatile int seen_in_handler;
static void on_usr(int number)
{
	(void)number;
	/* SIGBUS is in this handler's mask */
	seen_in_handler = map[2 * P - 7] + 1;
}
static void in_other_handler(void)
{
	struct sigaction action = { .sa_handler = on_usr }, old;
	int fd = new_file(disk(), P + 10);

	sigfillset(&action.sa_mask);
	NEED(sigaction(SIGUSR1, &action, NULL) == 0);
	NEED(sigaction(SIGUSR1, NULL, &old) == 0);
	SHOW(sigismember(&old.sa_mask, SIGBUS));
	map = mmap(NULL, 4 * P, RW, MAP_SHARED, fd, 0);
	NEED(map != MAP_FAILED);
	NEED(raise(SIGUSR1) == 0);
	SHOW(seen_in_handler);
}

static void run(void)
{
	in_other_handler();
	ask("plain", 0, 0, 0);
	ask("jumps out", 0, 1, 1);
	ask("alternate stack", SA_ONSTACK, 1, 0);
	ask("alternate stack, jumps out", SA_ONSTACK, 0, 1);
	ask("no defer", SA_NODEFER, 1, 0);
	ask("once", SA_RESETHAND, 0, 0);
	pending();
	by_signal();
	in_child(dies_of_default);
	in_child(dies_of_ignored);
	in_child(dies_of_sent);
	in_child(dies_blocked);
}
