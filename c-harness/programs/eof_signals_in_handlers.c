/* group: eof */
/* Tails inside handlers and under the masks that go with them: nobody who touches one
 * dies of a blocked SIGBUS, and SIGBUS is blocked where it should be. */
#include "../harness.h"
#include <poll.h>
#include <sys/epoll.h>
#include <sys/select.h>

static sigjmp_buf jump;
static volatile int runs, deep, inside, blocked, jumps, raises;
static char stack[1 << 16];
static char *map;

static char *tail(void)
{
	int fd = new_file(tmpfs(), P + 10);
	char *p = mmap(NULL, 4 * P, RW, MAP_SHARED, fd, 0);

	NEED(p != MAP_FAILED);
	close(fd);
	return p;
}

static int bus_blocked(void)
{
	sigset_t set;

	NEED(pthread_sigmask(SIG_BLOCK, NULL, &set) == 0);
	return sigismember(&set, SIGBUS);
}

static int bus_pending(void)
{
	sigset_t set;

	NEED(sigpending(&set) == 0);
	return sigismember(&set, SIGBUS);
}

static void on_bus(int number, siginfo_t *info, void *context)
{
	(void)number;
	(void)context;
	runs++;
	if (++deep > 1)
		inside++;
	blocked = bus_blocked();
	tail()[2 * P - 1] = 1;
	if (raises && info->si_code == BUS_ADRERR) {
		raises = 0;
		raise(SIGBUS);
		tail()[P + 100] = 1;
	}
	deep--;
	if (info->si_code == BUS_ADRERR) {
		if (jumps)
			siglongjmp(jump, 1);
		NEED(mmap(map + 2 * P, P, RW, ANON | MAP_FIXED, -1, 0) == map + 2 * P);
	}
}

static void own_handler(int flags, int jump_out, int raise_inside, const char *name)
{
	struct sigaction action = { .sa_sigaction = on_bus, .sa_flags = SA_SIGINFO | flags };

	for (int i = 0; i < 2; i++) {
		sigemptyset(&action.sa_mask);
		NEED(sigaction(SIGBUS, &action, NULL) == 0);
		map = tail();
		map[2 * P - 1] = 1;
		runs = inside = deep = 0;
		jumps = jump_out;
		raises = raise_inside;
		if (!sigsetjmp(jump, 1))
			map[2 * P + 5] = 1;
		say("%s: %d run, %d inside another, SIGBUS blocked in it %d, after it %d, pending %d", name, runs, inside,
		    blocked, bus_blocked(), bus_pending());
	}
}

static volatile int usr_runs, usr_blocked, usr_pending;

static void on_usr(int number)
{
	(void)number;
	usr_runs++;
	usr_blocked = bus_blocked();
	tail()[2 * P - 1] = 1;
	if (raises) {
		raises = 0;
		raise(SIGBUS);
		usr_pending = bus_pending();
	}
}

static void other_handler(void)
{
	struct sigaction action = { .sa_handler = on_usr }, old;
	sigset_t usr, all, before;
	struct timespec soon = { 1, 0 };

	sigfillset(&action.sa_mask);
	NEED(sigaction(SIGUSR1, &action, NULL) == 0);
	NEED(sigaction(SIGUSR1, NULL, &old) == 0);
	say("mask of the handler: SIGBUS %d, SIGTERM %d, internal ones %d", sigismember(&old.sa_mask, SIGBUS),
	    sigismember(&old.sa_mask, SIGTERM), (int)(*(uint64_t *)&old.sa_mask >> 31 & 1));
	runs = usr_runs = 0;
	raises = 1;
	raise(SIGUSR1);
	say("SIGUSR1: %d run, SIGBUS blocked %d, raised there and pending %d; SIGBUS: %d run", usr_runs, usr_blocked,
	    usr_pending, runs);
	sigemptyset(&action.sa_mask);
	NEED(sigaction(SIGUSR1, &action, NULL) == 0);
	sigemptyset(&usr);
	sigaddset(&usr, SIGUSR1);
	sigfillset(&all);
	sigdelset(&all, SIGUSR1);
	for (int i = 0; i < 4; i++) {
		NEED(sigprocmask(SIG_BLOCK, &usr, &before) == 0);
		usr_runs = 0;
		raise(SIGUSR1);
		int answer = i == 0   ? sigsuspend(&all) :
			     i == 1 ? ppoll(NULL, 0, &soon, &all) :
			     i == 2 ? pselect(0, NULL, NULL, NULL, &soon, &all) :
				      epoll_pwait(epoll_create1(0), &(struct epoll_event){ 0 }, 1, 1000, &all);
		say("waiting %d: %d %s, %d run, SIGBUS blocked after it %d", i, answer, error_name(errno), usr_runs,
		    bus_blocked());
		NEED(sigprocmask(SIG_SETMASK, &before, NULL) == 0);
	}
}

static void *blocks_all(void *unused)
{
	sigset_t all;

	sigfillset(&all);
	NEED(pthread_sigmask(SIG_SETMASK, &all, NULL) == 0);
	return unused;
}

static void *looks(void *name)
{
	sigset_t bus;
	struct timespec now = { 0, 0 };

	sigemptyset(&bus);
	sigaddset(&bus, SIGBUS);
	say("%s: SIGBUS blocked %d", (char *)name, bus_blocked());
	tail()[2 * P - 1] = 1;
	runs = 0;
	if (bus_blocked()) {
		raise(SIGBUS);
		say("  raised: %d run, waited for %d", runs, sigtimedwait(&bus, NULL, &now) == SIGBUS);
	} else {
		map = tail();
		jumps = 0;
		map[2 * P + 5] = 1;
		say("  true fault: %d run", runs);
	}
	return NULL;
}

static void in_thread(void *(*f)(void *), void *argument)
{
	pthread_t thread;

	NEED(pthread_create(&thread, NULL, f, argument) == 0 && pthread_join(thread, NULL) == 0);
}

static void threads(void)
{
	sigset_t bus, old;

	sigemptyset(&bus);
	sigaddset(&bus, SIGBUS);
	in_thread(looks, "thread of a thread without a mask");
	NEED(pthread_sigmask(SIG_BLOCK, &bus, &old) == 0);
	in_thread(looks, "thread of a thread that blocks it");
	NEED(pthread_sigmask(SIG_SETMASK, &old, NULL) == 0);
	for (int i = 0; i < 4; i++)
		in_thread(blocks_all, NULL);
	in_thread(looks, "thread after others that blocked all");
}

static void programs(void)
{
	sigset_t bus, old;
	int status;

	sigemptyset(&bus);
	sigaddset(&bus, SIGBUS);
	NEED(pthread_sigmask(SIG_BLOCK, &bus, &old) == 0);
	signal(SIGBUS, SIG_IGN);
	fflush(stdout);
	pid_t child = fork();
	if (!child) {
		execv("/proc/self/exe", (char *[]){ args[0], "again", NULL });
		_exit(77);
	}
	NEED(waitpid(child, &status, 0) == child);
	NEED(execv("/no such program", (char *[]){ "x", NULL }) == -1);
	tail()[2 * P - 1] = 1;
	say("after it: SIGBUS blocked %d, ignored %d", bus_blocked(), signal(SIGBUS, SIG_DFL) == SIG_IGN);
	NEED(pthread_sigmask(SIG_SETMASK, &old, NULL) == 0);
	child = fork();
	if (!child) {
		execv("/proc/self/exe", (char *[]){ args[0], "again", NULL });
		_exit(77);
	}
	NEED(waitpid(child, &status, 0) == child);
}

static int was_ignored;

__attribute__((constructor)) static void begin(void)
{
	struct sigaction action;

	sigaction(SIGBUS, NULL, &action);
	was_ignored = action.sa_handler == SIG_IGN;
}

static void run(void)
{
	if (arg_count > 1) {
		say("program: SIGBUS blocked %d, ignored %d", bus_blocked(), was_ignored);
		return;
	}
	own_handler(0, 0, 0, "plain");
	own_handler(0, 1, 0, "jumps out");
	own_handler(SA_NODEFER, 0, 0, "no defer");
	own_handler(SA_NODEFER, 1, 0, "no defer, jumps out");
	own_handler(SA_RESETHAND, 0, 0, "once");
	sigaltstack(&(stack_t){ .ss_sp = stack, .ss_size = sizeof stack }, NULL);
	own_handler(SA_ONSTACK, 0, 0, "on a stack of its own");
	own_handler(0, 0, 1, "raises itself");
	own_handler(SA_NODEFER, 0, 1, "raises itself, no defer");
	other_handler();
	threads();
	programs();
}
