/* group: signal */
/* A timer's handler maps, protects and unmaps while the program does the same. */
#include "../harness.h"
#include <sys/time.h>

static volatile sig_atomic_t wrong, ticks;

static int round_of_calls(unsigned char mark)
{
	char *p = mmap(NULL, 3 * P, RW, ANON, -1, 0);

	if (p == MAP_FAILED)
		return 1;
	p[0] = p[3 * P - 1] = (char)mark;
	int bad = mprotect(p, P + 1, PROT_READ) != 0;
	bad |= (unsigned char)p[0] != mark || (unsigned char)p[3 * P - 1] != mark;
	bad |= munmap(p + P, 1) != 0 || munmap(p, 3 * P) != 0;
	bad |= mprotect(p, P, RW) != -1 || munmap(p + P / 2, P) != -1;
	return bad;
}

static void tick(int number)
{
	int saved = errno;

	(void)number;
	ticks++;
	wrong |= round_of_calls(2);
	errno = saved;
}

static void run(void)
{
	struct sigaction action = { .sa_handler = tick, .sa_flags = SA_RESTART };
	struct itimerval every = { { 0, 500 }, { 0, 500 } }, never = { { 0, 0 }, { 0, 0 } };
	int bad = 0;

	NEED(sigaction(SIGALRM, &action, NULL) == 0 && setitimer(ITIMER_REAL, &every, NULL) == 0);
	for (int i = 0; i < 400 || ticks < 200; i++)
		bad |= round_of_calls(1);
	NEED(setitimer(ITIMER_REAL, &never, NULL) == 0);
	CHECK(!bad && !wrong);
}
