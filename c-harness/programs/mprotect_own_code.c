/* group: mprotect */
/* A program may make its code writable and patch it; data beside stays writable. */
#include "../harness.h"

static int counter = 1;

__attribute__((noinline)) static int answer(void)
{
	__asm__ volatile("");
	return 42;
}

static void run(void)
{
	char *page = (char *)((uintptr_t)answer & -(uintptr_t)P);

	CALL(mprotect(page, P, RW | PROT_EXEC));
	*(volatile char *)(uintptr_t)answer = *(volatile char *)(uintptr_t)answer;
	CALL(mprotect(page, P, RX));
	SHOW(answer());
	counter++;
	SHOW(counter);
	CALL(mprotect(page + P / 2, P, RX));
}
