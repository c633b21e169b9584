/* group: mprotect */
/* Its twin maps the stack, with a guard of a page. */
#include "../harness.h"

static volatile int calls;

static void handler(int number)
{
	(void)number;
	calls++;
}

static void run(void)
{
	char *base = mmap(NULL, P + 65536, RW, ANON | MAP_STACK, -1, 0);
	struct sigaction action = { .sa_handler = handler, .sa_flags = SA_ONSTACK };

	NEED(base != MAP_FAILED);
	CALL(mprotect(base, P, PROT_NONE));
	stack_t stack = { .ss_sp = base + P, .ss_size = 65536 };
	CALL(sigaltstack(&stack, NULL));
	NEED(sigaction(SIGUSR1, &action, NULL) == 0 && raise(SIGUSR1) == 0);
	SHOW(calls);
	PAGES(base, 2);
}
