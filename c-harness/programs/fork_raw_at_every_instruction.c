/* group: fork */
/* A thread is stopped behind each instruction of a few calls, and each time another
 * thread forks without the C library's help: every child has working memory calls,
 * wherever the stopped thread stood. Where a thread cannot have itself stopped,
 * the calls are only forked in front of. */
#include "../harness.h"

enum { PATIENCE = 20 }; /* seconds a child may take */
enum { WAIT, WAKE }; /* of futex(2) */
static volatile int asked, answered;
static char *mine;

static long raw(long number, long a, long b, long c, long d)
{
#if defined(__x86_64__)
	long answer;
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = 0;

	__asm__ volatile("syscall"
			 : "=a"(answer)
			 : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8)
			 : "rcx", "r11", "memory");
	return answer;
#else
	return syscall(number, a, b, c, d, 0);
#endif
}

static void wait_while(volatile int *word, int value)
{
	while (*word == value)
		raw(SYS_futex, (long)word, WAIT, value, 0);
}

static void set(volatile int *word, int value)
{
	*word = value;
	raw(SYS_futex, (long)word, WAKE, 1, 0);
}

/* Has the other thread fork, and waits until its child is gone. */
static void on_step(int number)
{
	int step = asked + 1;

	(void)number;
	set(&asked, step);
	wait_while(&answered, step - 1);
}

#if defined(__x86_64__)
#define STEP_FLAG "0x100"
static void step_from_here(void)
{
	__asm__ volatile("pushfq; orq $" STEP_FLAG ", (%%rsp); popfq" ::: "memory", "cc");
}

static void step_no_more(void)
{
	__asm__ volatile("pushfq; andq $~" STEP_FLAG ", (%%rsp); popfq" ::: "memory", "cc");
}
#else
static void step_from_here(void)
{
	on_step(0);
}

static void step_no_more(void)
{
}
#endif

/* What has been taken out of a table before is used again first. */
static void use_before(void)
{
	char *all[8];

	for (int i = 0; i < 8; i++) {
		all[i] = mmap(NULL, 3 * P, RW, ANON, -1, 0);
		NEED(all[i] != MAP_FAILED && mprotect(all[i] + P, P, PROT_READ) == 0);
	}
	for (int i = 0; i < 8; i++)
		NEED(munmap(all[i], 3 * P) == 0);
}

static void *work(void *unused)
{
	int bad = 0;
	char *p;

	use_before();
	step_from_here();
	p = mmap(NULL, 3 * P, RW, ANON, -1, 0);
	bad |= p == MAP_FAILED || mprotect(p + P, 1, PROT_READ) || mprotect(p + P, 1, RW);
	bad |= munmap(p + P, 1) || munmap(p, 3 * P);
	step_no_more();
	set(&asked, -1);
	return bad ? (void *)1 : unused;
}

static int child(void)
{
	char *all[10];

	if (mine[3 * P] != 7 || munmap(mine + P / 2, P) == 0 || munmap(mine + P, 1))
		return 1;
	if (mmap(mine, P, RW, ANON | MAP_FIXED_NOREPLACE, -1, 0) != MAP_FAILED)
		return 2;
	if (mmap(mine + P, P, RW, ANON | MAP_FIXED_NOREPLACE, -1, 0) != mine + P)
		return 3;
	for (int i = 0; i < 10; i++) {
		char *p = all[i] = mmap(NULL, P + 1, RW, ANON, -1, 0);
		if (p == MAP_FAILED || (uintptr_t)p % P)
			return 4;
		p[2 * P - 1] = 1;
		if (mprotect(p, 1, PROT_READ) || (i & 1 && munmap(p + P, P)))
			return 5;
	}
	for (int i = 0; i < 10; i++)
		if (munmap(all[i], 2 * P))
			return 6;
	return 0;
}

/* The child's exit status; 100 when it does not end. */
static int forked(void)
{
	long pid = raw(SYS_clone, SIGCHLD, 0, 0, 0);
	int status = 0;

	if (!pid)
		raw(SYS_exit_group, child(), 0, 0, 0);
	NEED(pid > 0);
	for (long tries = 0; tries < PATIENCE * 10000L; tries++) {
		struct timespec pause = { 0, 100000 };

		if (raw(SYS_wait4, pid, (long)&status, WNOHANG, 0) == pid)
			return WIFEXITED(status) ? WEXITSTATUS(status) : 101;
		raw(SYS_nanosleep, (long)&pause, 0, 0, 0);
	}
	raw(SYS_kill, pid, SIGKILL, 0, 0);
	raw(SYS_wait4, pid, 0, 0, 0);
	return 100;
}

static void run(void)
{
	struct sigaction action = { .sa_handler = on_step };
	pthread_t thread;
	void *result;
	int first_bad = 0;

	NEED(sigaction(SIGTRAP, &action, NULL) == 0);
	mine = rw_area(4 * P);
	mine[3 * P] = 7;
	NEED(pthread_create(&thread, NULL, work, NULL) == 0);
	for (int step = 1;; step++) {
		wait_while(&asked, step - 1);
		if (asked < 0)
			break;
		int status = first_bad ? 0 : forked();
		if (status)
			say("step %d: status %d", first_bad = step, status);
		set(&answered, step);
	}
	NEED(pthread_join(thread, &result) == 0);
	SHOW(first_bad);
	CHECK(result == NULL);
}
