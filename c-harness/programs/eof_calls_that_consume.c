/* group: eof */
/* System calls that take something away or set something before they touch the
 * memory they were handed: in a tail that nobody has touched each is done once. */
#include "../harness.h"
#include <poll.h>
#include <sys/epoll.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <time.h>

static int private;

/* n bytes at the end of a tail of their own. */
static void *tail(long n)
{
	int fd = tagged_file(private ? disk() : tmpfs(), 100);
	char *p = mmap(NULL, P, RW, private ? MAP_PRIVATE : MAP_SHARED, fd, 0);

	NEED(p != MAP_FAILED);
	close(fd);
	return p + P - n;
}
#define TAIL(type) ((type *)tail((long)sizeof(type)))

/* The call, its answer, and that errno is left alone. */
#define ONCE(call)                                                             \
	do {                                                                   \
		errno = 77;                                                    \
		long result_ = (long)(call);                                   \
		say("  %s = %ld %s", #call, result_, errno == 77 ? "" : error_name(errno)); \
	} while (0)

static void ended_child(int status)
{
	pid_t child = fork();

	NEED(child >= 0);
	if (!child)
		_exit(status);
}

static void waiting(void)
{
	int *status = TAIL(int);
	siginfo_t *info = TAIL(siginfo_t);
	struct rusage *usage = TAIL(struct rusage);

	ended_child(3);
	ONCE(waitpid(-1, status, 0) > 0);
	say("  %d", WEXITSTATUS(*status));
	ended_child(4);
	ONCE(waitid(P_ALL, 0, info, WEXITED));
	say("  %d", info->si_status);
	ended_child(5);
	ONCE(wait4(-1, NULL, 0, usage) > 0);
	status = TAIL(int);
	ended_child(6);
	ONCE(syscall(SYS_wait4, -1, status, 0, NULL) > 0);
	say("  %d", WEXITSTATUS(*status));
	info = TAIL(siginfo_t);
	ended_child(7);
	ONCE(syscall(SYS_waitid, P_ALL, 0, info, WEXITED, NULL));
	say("  %d", info->si_status);
	status = TAIL(int);
	ended_child(8);
	ONCE(wait(status) > 0);
	say("  %d", WEXITSTATUS(*status));
}

static void accepting(void)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX }, *peer = TAIL(struct sockaddr_un);
	socklen_t *length = TAIL(socklen_t);
	int s = socket(AF_UNIX, SOCK_STREAM, 0), c[3], a;

	NEED(bind(s, (void *)&name, sizeof(sa_family_t)) == 0 && listen(s, 5) == 0);
	socklen_t own = sizeof name;
	NEED(getsockname(s, (void *)&name, &own) == 0);
	for (int i = 0; i < 3; i++) {
		c[i] = socket(AF_UNIX, SOCK_STREAM, 0);
		NEED(connect(c[i], (void *)&name, own) == 0 && write(c[i], "abc" + i, 1) == 1);
	}
	NEED(fcntl(s, F_SETFL, O_NONBLOCK) == 0);
	char byte;
	*length = sizeof *peer;
	ONCE((a = accept(s, (void *)peer, length)) >= 0);
	ONCE(read(a, &byte, 1));
	say("  %c, %d", byte, (int)*length);
	length = TAIL(socklen_t);
	ONCE((a = accept4(s, (void *)TAIL(struct sockaddr_un), memset(length, 7, 1), 0)) >= 0);
	ONCE(read(a, &byte, 1));
	say("  %c", byte);
	ONCE((a = (int)syscall(SYS_accept4, s, TAIL(struct sockaddr_un), memset(TAIL(socklen_t), 7, 1), 0)) >= 0);
	ONCE(read(a, &byte, 1));
	say("  %c", byte);
	ONCE(accept(s, NULL, NULL));
}

static void datagrams(void)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX }, b = a, *from;
	socklen_t length = sizeof a, *from_length;
	int s[2] = { socket(AF_UNIX, SOCK_DGRAM, 0), socket(AF_UNIX, SOCK_DGRAM, 0) };

	NEED(bind(s[0], (void *)&a, sizeof(sa_family_t)) == 0 && bind(s[1], (void *)&b, sizeof(sa_family_t)) == 0);
	NEED(getsockname(s[0], (void *)&a, &length) == 0);
	for (int i = 0; i < 8; i++)
		NEED(sendto(s[1], "0123456789" + i, 10 - (size_t)i, 0, (void *)&a, length) == 10 - i);
	NEED(fcntl(s[0], F_SETFL, O_NONBLOCK) == 0);
	from = TAIL(struct sockaddr_un);
	from_length = TAIL(socklen_t);
	ONCE(recvfrom(s[0], tail(10), 10, 0, (void *)from, memset(from_length, 9, 1)));
	say("  from a name of %d", (int)*from_length);
	char text[10];
	ONCE(recvfrom(s[0], text, 10, 0, (void *)TAIL(struct sockaddr_un), memset(TAIL(socklen_t), 9, 1)));
	ONCE(syscall(SYS_recvfrom, s[0], text, 10L, 0L, TAIL(struct sockaddr_un), memset(TAIL(socklen_t), 9, 1)));
	struct iovec *v = TAIL(struct iovec);
	*v = (struct iovec){ tail(10), 10 };
	struct msghdr *m = TAIL(struct msghdr);
	*m = (struct msghdr){ .msg_name = tail(100), .msg_namelen = 100, .msg_iov = v, .msg_iovlen = 1 };
	ONCE(recvmsg(s[0], m, 0));
	say("  %.6s", (char *)v->iov_base);
	struct mmsghdr two[2] = { 0 };
	for (int i = 0; i < 2; i++) {
		struct iovec *w = TAIL(struct iovec);
		*w = (struct iovec){ tail(10), 10 };
		two[i].msg_hdr = (struct msghdr){ .msg_name = tail(100), .msg_namelen = 100, .msg_iov = w, .msg_iovlen = 1 };
	}
	struct mmsghdr *both = tail(sizeof two);
	memcpy(both, two, sizeof two);
	ONCE(recvmmsg(s[0], both, 2, 0, NULL));
	say("  %u %u", both[0].msg_len, both[1].msg_len);
	struct mmsghdr *one = TAIL(struct mmsghdr);
	struct iovec *w = TAIL(struct iovec);
	*w = (struct iovec){ tail(10), 10 };
	one->msg_hdr = (struct msghdr){ .msg_iov = w, .msg_iovlen = 1 };
	ONCE(syscall(SYS_recvmmsg, s[0], one, 1, 0, NULL));
	ONCE(recv(s[0], text, 10, 0));
	say("  %.3s", text);
	ONCE(recv(s[0], text, 10, 0));
	int error = EAGAIN, *value = TAIL(int);
	length = sizeof *value;
	(void)error;
	ONCE(getsockopt(s[0], SOL_SOCKET, SO_TYPE, value, &length));
	say("  %d", *value == SOCK_DGRAM);
}

static void refused_connection(void)
{
	/* SO_ERROR is told once */
	int s[2], *value = TAIL(int);
	socklen_t length = sizeof *value;

	NEED(socketpair(AF_UNIX, SOCK_STREAM, 0, s) == 0);
	NEED(write(s[0], "x", 1) == 1);
	close(s[1]);
	ONCE(getsockopt(s[0], SOL_SOCKET, SO_ERROR, value, &length));
	say("  %s", error_name(*value));
}

static void timers(void)
{
	struct itimerval *old = TAIL(struct itimerval), long_time = { .it_value = { 5000, 0 } }, short_time = { .it_value = { 1000, 0 } };
	struct itimerspec *spec = TAIL(struct itimerspec), a = { .it_value = { 5000, 0 } }, b = { .it_value = { 1000, 0 } };

	NEED(setitimer(ITIMER_VIRTUAL, &long_time, NULL) == 0);
	ONCE(setitimer(ITIMER_VIRTUAL, &short_time, old));
	say("  %d", old->it_value.tv_sec > 3000);
	old = TAIL(struct itimerval);
	NEED(setitimer(ITIMER_VIRTUAL, &long_time, NULL) == 0);
	ONCE(syscall(SYS_setitimer, ITIMER_VIRTUAL, &short_time, old));
	say("  %d", old->it_value.tv_sec > 3000);
	int t = timerfd_create(CLOCK_MONOTONIC, 0);
	NEED(timerfd_settime(t, 0, &a, NULL) == 0);
	ONCE(timerfd_settime(t, 0, &b, spec));
	say("  %d", spec->it_value.tv_sec > 3000);
	timer_t *timer = TAIL(timer_t);
	ONCE(timer_create(CLOCK_MONOTONIC, &(struct sigevent){ .sigev_notify = SIGEV_NONE }, timer));
	spec = TAIL(struct itimerspec);
	NEED(timer_settime(*timer, 0, &a, NULL) == 0);
	ONCE(timer_settime(*timer, 0, &b, spec));
	say("  %d", spec->it_value.tv_sec > 3000);
	spec = TAIL(struct itimerspec);
	ONCE(timer_gettime(*timer, spec));
	say("  %d", spec->it_value.tv_sec > 900);
}

static void on_alarm(int number) { (void)number; }

static long elapsed(const struct timespec *since)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (now.tv_sec - since->tv_sec) * 1000 + (now.tv_nsec - since->tv_nsec) / 1000000;
}

static void interrupted_sleeps(void)
{
	struct timespec begin, forever = { 100, 0 }, *rest;

	signal(SIGALRM, on_alarm);
	for (int i = 0; i < 3; i++) {
		/* again and again: the first may come before the sleep begins */
		struct itimerval soon = { { 0, 200000 }, { 0, 200000 } }, never = { { 0, 0 }, { 0, 0 } };
		rest = TAIL(struct timespec);
		clock_gettime(CLOCK_MONOTONIC, &begin);
		NEED(setitimer(ITIMER_REAL, &soon, NULL) == 0);
		if (i == 0)
			ONCE(nanosleep(&forever, rest));
		else if (i == 1)
			ONCE(clock_nanosleep(CLOCK_MONOTONIC, 0, &forever, rest) == EINTR);
		else
			ONCE(syscall(SYS_nanosleep, &forever, rest));
		NEED(setitimer(ITIMER_REAL, &never, NULL) == 0);
		say("  slept long: %d, rest %d", elapsed(&begin) > 50000, rest->tv_sec > 80);
	}
}

static void signal_state(void)
{
	sigset_t one, *old = TAIL(sigset_t), *set = TAIL(sigset_t);

	sigemptyset(&one);
	sigaddset(&one, SIGUSR1);
	ONCE(sigprocmask(SIG_BLOCK, &one, old));
	say("  %d", sigismember(old, SIGUSR1));
	memcpy(set, &one, sizeof one);
	ONCE(sigprocmask(SIG_BLOCK, TAIL(sigset_t), TAIL(sigset_t)));
	old = TAIL(sigset_t);
	ONCE(pthread_sigmask(SIG_UNBLOCK, &one, old));
	say("  %d", sigismember(old, SIGUSR1));
	old = TAIL(sigset_t);
	ONCE(sigpending(old));
	stack_t mine = { .ss_sp = malloc(1 << 16), .ss_size = 1 << 16 }, *before = TAIL(stack_t);
	memset(before, 0, 0);
	NEED(sigaltstack(&mine, NULL) == 0);
	stack_t other = { .ss_sp = malloc(1 << 17), .ss_size = 1 << 17 };
	ONCE(sigaltstack(&other, before));
	say("  %d", before->ss_size == 1 << 16);
	struct sigaction *action = TAIL(struct sigaction);
	ONCE(sigaction(SIGUSR1, action, TAIL(struct sigaction)));
	raise(SIGCONT);
	siginfo_t *info = TAIL(siginfo_t);
	NEED(sigprocmask(SIG_BLOCK, &one, NULL) == 0);
	raise(SIGUSR1);
	ONCE(sigwaitinfo(&one, info));
	say("  %d", info->si_signo == SIGUSR1);
	raise(SIGUSR1);
	info = TAIL(siginfo_t);
	ONCE(sigtimedwait(&one, info, memset(TAIL(struct timespec), 0, 1)));
	say("  %d", info->si_signo == SIGUSR1);
	raise(SIGUSR1);
	int *number = TAIL(int);
	set = TAIL(sigset_t);
	ONCE(sigwait(&one, number));
	say("  %d", *number == SIGUSR1);
}

static void messages(void)
{
	struct message { long kind; char text[50]; } one = { 1, "hello" }, *there = TAIL(struct message);
	int q = msgget(IPC_PRIVATE, 0600);

	NEED(q >= 0 && msgsnd(q, &one, 50, 0) == 0);
	ONCE(msgrcv(q, there, 50, 0, IPC_NOWAIT));
	say("  %s", there->text);
	NEED(msgsnd(q, &one, 50, 0) == 0);
	there = TAIL(struct message);
	ONCE(syscall(SYS_msgrcv, q, there, 50L, 0L, IPC_NOWAIT));
	say("  %s", there->text);
	there = TAIL(struct message);
	memcpy((char *)there + 8, "x", 0);
	msgctl(q, IPC_RMID, NULL);
}

static void pipes(void)
{
	int ends[2], others[2], *pair = tail(2 * sizeof(int));

	NEED(pipe2(ends, O_NONBLOCK) == 0 && pipe2(others, O_NONBLOCK) == 0);
	ONCE(pipe(pair));
	ONCE(write(pair[1], "x", 1));
	/* the front of what is written is no tail, the rest is */
	for (int i = 0; i < 4; i++) {
		int fd = tagged_file(private ? disk() : tmpfs(), 100);
		char *p = mmap(NULL, P, RW, private ? MAP_PRIVATE : MAP_SHARED, fd, 0), text[P];
		NEED(p != MAP_FAILED);
		struct iovec v[2] = { { p, 100 }, { p + P - 100, 100 } };
		if (i == 0)
			ONCE(write(ends[1], p, (size_t)P) == P);
		else if (i == 1)
			ONCE(writev(ends[1], v, 2));
		else if (i == 2)
			ONCE(vmsplice(ends[1], v, 2, SPLICE_F_NONBLOCK));
		else
			ONCE(syscall(SYS_writev, ends[1], v, 2));
		say("  %d", (int)read(ends[0], text, (size_t)P) == (i ? 200 : P));
	}
	ONCE(write(ends[1], "0123456789", 10));
	ONCE(tee(ends[0], others[1], 10, SPLICE_F_NONBLOCK));
}

static void events(void)
{
	int ends[2], e = epoll_create1(0);
	struct epoll_event in = { .events = EPOLLIN | EPOLLONESHOT }, *out = TAIL(struct epoll_event);

	NEED(pipe(ends) == 0 && write(ends[1], "x", 1) == 1);
	ONCE(epoll_ctl(e, EPOLL_CTL_ADD, ends[0], &in));
	ONCE(epoll_wait(e, out, 1, 0));
	say("  %d", out->events == EPOLLIN);
	struct pollfd *f = TAIL(struct pollfd);
	*f = (struct pollfd){ ends[0], POLLIN, 0 };
	ONCE(poll(TAIL(struct pollfd), 1, 0) == 0 || 1);
	ONCE(poll(f, 1, 0));
	fd_set *set = TAIL(fd_set);
	ONCE(select(1, set, TAIL(fd_set), NULL, TAIL(struct timeval)));
	ONCE(ppoll(f, 1, TAIL(struct timespec), TAIL(sigset_t)));
	ONCE(pselect(1, TAIL(fd_set), NULL, NULL, TAIL(struct timespec), TAIL(sigset_t)));
}

static void all(void)
{
	waiting();
	accepting();
	datagrams();
	refused_connection();
	timers();
	interrupted_sleeps();
	signal_state();
	messages();
	pipes();
	events();
}

static void run(void)
{
	say("shared, tmpfs");
	all();
	private = 1;
	say("private, disk");
	all();
}
