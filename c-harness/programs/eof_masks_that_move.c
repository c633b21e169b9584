/* group: eof; needs: glibc */
/* A blocked SIGBUS goes where masks go: back by siglongjmp and setcontext, into threads
 * however they are made, away at the end of a handler or a call. Tails are touched all
 * the while. */
#include "../harness.h"
#include <poll.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/signalfd.h>
#include <threads.h>
#include <ucontext.h>

static sigset_t bus, usr1, none;
static int kind;

/* A tail that nobody has touched. */
static char *tail(void)
{
	int fd = tagged_file(kind & 1 ? disk() : tmpfs(), P / 4);
	char *p = mmap(NULL, 2 * P, RW, kind++ & 2 ? MAP_PRIVATE : MAP_SHARED, fd, 0);

	NEED(p != MAP_FAILED && close(fd) == 0);
	return p + P / 2;
}

static void touch(void) { *(volatile char *)tail() = 1; }

static int blocked(void)
{
	sigset_t now;

	NEED(pthread_sigmask(SIG_BLOCK, NULL, &now) == 0);
	return sigismember(&now, SIGBUS);
}
static void block(void) { NEED(sigprocmask(SIG_BLOCK, &bus, NULL) == 0); }
static void unblock(void) { NEED(sigprocmask(SIG_UNBLOCK, &bus, NULL) == 0); }

/* The signals that are blocked, and whether that is all of them. */
static void mask(const char *name)
{
	sigset_t now;
	int count = 0;

	NEED(sigprocmask(SIG_BLOCK, NULL, &now) == 0);
	for (int i = 1; i <= 64; i++)
		count += sigismember(&now, i) == 1;
	say("%s: %d blocked, SIGBUS %d, SIGSTKFLT %d, SIGUSR1 %d", name, count, sigismember(&now, SIGBUS),
	    sigismember(&now, 16), sigismember(&now, SIGUSR1));
}

static void masks(void)
{
	sigset_t all;

	NEED(sigprocmask(SIG_SETMASK, &bus, NULL) == 0);
	mask("one");
	sigfillset(&all);
	NEED(sigprocmask(SIG_SETMASK, &all, NULL) == 0);
	mask("all");
	touch();
	sigdelset(&all, SIGBUS);
	NEED(sigprocmask(SIG_SETMASK, &all, NULL) == 0);
	mask("all but one");
	sigaddset(&all, SIGBUS);
	NEED(sigprocmask(SIG_UNBLOCK, &all, NULL) == 0);
	mask("none");
}

static sigjmp_buf place;
static volatile int faults;
static void jump(int number)
{
	(void)number;
	faults++;
	siglongjmp(place, 1);
}

static void jumps(void)
{
	volatile int again = 0;
	ucontext_t context;
	sigset_t all;

	if (!sigsetjmp(place, 1)) {
		block();
		siglongjmp(place, 1);
	}
	say("back where it was not blocked: %d", blocked());
	block();
	if (!sigsetjmp(place, 1)) {
		unblock();
		siglongjmp(place, 1);
	}
	touch();
	say("back where it was blocked: %d", blocked());
	if (!sigsetjmp(place, 0)) {
		unblock();
		siglongjmp(place, 1);
	}
	say("without a mask: %d", blocked());
	getcontext(&context);
	if (!again++) {
		block();
		setcontext(&context);
	}
	say("setcontext: %d", blocked());
	/* a fault is handled after such a jump */
	signal(SIGBUS, jump);
	sigfillset(&all);
	if (!sigsetjmp(place, 1)) {
		sigprocmask(SIG_BLOCK, &all, NULL);
		siglongjmp(place, 1);
	}
	char *p = tail();
	if (!sigsetjmp(place, 1))
		(void)*(volatile char *)(p + P);
	say("faults: %d", faults);
	catch_faults();
}

static void *thread(void *unused)
{
	(void)unused;
	touch();
	return (void *)(long)blocked();
}
static int c_thread(void *unused) { return (int)(long)thread(unused); }

static void threads(void)
{
	pthread_attr_t attributes;
	pthread_t made;
	sigset_t got;
	thrd_t c_made;
	void *answer;
	int c_answer;

	for (int i = 0; i < 2; i++) {
		(i ? block : unblock)();
		NEED(pthread_create(&made, NULL, thread, NULL) == 0 && pthread_join(made, &answer) == 0);
		NEED(thrd_create(&c_made, c_thread, NULL) == thrd_success && thrd_join(c_made, &c_answer) == thrd_success);
		say("%d inherited: %ld %d", i, (long)answer, c_answer);
		pthread_attr_init(&attributes);
		NEED(pthread_attr_setsigmask_np(&attributes, i ? &none : &bus) == 0);
		NEED(pthread_attr_getsigmask_np(&attributes, &got) == 0);
		NEED(pthread_create(&made, &attributes, thread, NULL) == 0 && pthread_join(made, &answer) == 0);
		say("%d by attributes: %ld, of which are told %d", i, (long)answer, sigismember(&got, SIGBUS));
	}
	unblock();
}

static void by_holding(void)
{
	NEED(sighold(SIGBUS) == 0);
	touch();
	say("held: %d", blocked());
	NEED(sigrelse(SIGBUS) == 0);
	say("released: %d", blocked());
}

static void blocks(int number)
{
	(void)number;
	block();
	touch();
	say("in the handler: %d", blocked());
}
static void unblocks(int number)
{
	(void)number;
	unblock();
	touch();
	say("in the handler: %d", blocked());
}
static void looks(int number)
{
	(void)number;
	touch();
	say("in the handler: %d", blocked());
}

static void handlers(void)
{
	signal(SIGUSR1, blocks);
	raise(SIGUSR1);
	say("behind it: %d", blocked());
	block();
	signal(SIGUSR1, unblocks);
	raise(SIGUSR1);
	say("behind it: %d", blocked());
	unblock();
}

/* Masks that last for a call. */
static void calls(void)
{
	struct timespec second = { 1, 0 };
	struct epoll_event event;
	int poller = epoll_create1(0);

	signal(SIGUSR1, looks);
	NEED(sigprocmask(SIG_BLOCK, &usr1, NULL) == 0);
	raise(SIGUSR1);
	sigsuspend(&bus);
	raise(SIGUSR1);
	ppoll(NULL, 0, &second, &bus);
	raise(SIGUSR1);
	pselect(0, NULL, NULL, NULL, &second, &bus);
	raise(SIGUSR1);
	epoll_pwait(poller, &event, 1, 1000, &bus);
	say("behind them: %d", blocked());
	NEED(sigprocmask(SIG_UNBLOCK, &usr1, NULL) == 0);
	close(poller);
}

static volatile int handled;
static void handle(int number)
{
	(void)number;
	handled++;
}

/* One that is sent stays pending, and tails can be touched before and after it is
 * taken. */
static void sent(void)
{
	struct signalfd_siginfo read_info;
	siginfo_t info;
	sigset_t pending;
	int fd = signalfd(-1, &bus, SFD_NONBLOCK);

	signal(SIGBUS, handle);
	block();
	char *before = tail();
	for (int i = 0; i < 3; i++) {
		sigqueue(getpid(), SIGBUS, (union sigval){ .sival_int = 7 + i });
		NEED(sigpending(&pending) == 0);
		say("pending: %d", sigismember(&pending, SIGBUS));
		*(volatile char *)before = 1;
		touch();
		if (i == 0) {
			NEED(sigwaitinfo(&bus, &info) == SIGBUS);
			say("taken: %d", info.si_value.sival_int);
		} else if (i == 1) {
			NEED(read(fd, &read_info, sizeof read_info) == sizeof read_info);
			say("read: %d", read_info.ssi_int);
		} else {
			ppoll(NULL, 0, &(struct timespec){ 1, 0 }, &none);
			say("let in by a call: %d", handled);
		}
		touch();
		NEED(sigpending(&pending) == 0);
		say("pending: %d, blocked: %d", sigismember(&pending, SIGBUS), blocked());
	}
	raise(SIGBUS);
	unblock();
	say("handled: %d", handled);
	close(fd);
	catch_faults();
}

static void run(void)
{
	sigemptyset(&none);
	sigemptyset(&bus);
	sigaddset(&bus, SIGBUS);
	sigemptyset(&usr1);
	sigaddset(&usr1, SIGUSR1);
	touch();
	masks();
	jumps();
	threads();
	by_holding();
	handlers();
	calls();
	sent();
}
