/* group: signal */
/* A handler leaves with siglongjmp, wherever the signal found the program:
 * nothing may stay locked or half done. */
#include "../harness.h"
#include <sys/time.h>

static sigjmp_buf back;
static volatile sig_atomic_t may_jump, jumps;
static char *volatile held;
static char *slot;

static void tick(int number)
{
	(void)number;
	if (!may_jump)
		return;
	may_jump = 0;
	jumps++;
	siglongjmp(back, 1);
}

static void run(void)
{
	struct sigaction action = { .sa_handler = tick };
	struct itimerval every = { { 0, 700 }, { 0, 700 } }, never = { { 0, 0 }, { 0, 0 } };

	slot = area(8 * P);
	NEED(sigaction(SIGALRM, &action, NULL) == 0 && setitimer(ITIMER_REAL, &every, NULL) == 0);
	while (jumps < 150) {
		if (sigsetjmp(back, 1) == 0) {
			may_jump = 1;
			for (;;) {
				held = mmap(slot, 5 * P, RW, ANON | MAP_FIXED, -1, 0);
				mprotect(slot + P, 1, PROT_READ);
				munmap(slot + 2 * P, P + 1);
			}
		}
	}
	NEED(setitimer(ITIMER_REAL, &never, NULL) == 0);
	NEED(mmap(slot, 8 * P, PROT_NONE, ANON | MAP_FIXED, -1, 0) == slot);
	CALL(mprotect(slot + P, 3 * P - 1, RW));
	PAGES(slot, 8);
	CALL(munmap(slot, 8 * P));
	PAGES(slot, 8);
}
