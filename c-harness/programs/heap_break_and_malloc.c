/* group: brk */
/* The program and malloc move the break in turns, and neither harms the other. */
#include "../harness.h"

enum { ROUNDS = 60, SIZE = 3000 };

static void run(void)
{
	char *kept[ROUNDS], *own[ROUNDS];
	int right = 1;

	if (sbrk(0) == (void *)-1 || sbrk(1) == (void *)-1)
		SKIP("no break here: %s", error_name(errno));
	for (int i = 0; i < ROUNDS; i++) {
		kept[i] = malloc(SIZE * (size_t)(1 + i % 9));
		NEED(kept[i]);
		memset(kept[i], i, SIZE * (size_t)(1 + i % 9));
		own[i] = sbrk(SIZE);
		NEED(own[i] != (void *)-1);
		memset(own[i], 100 + i, SIZE);
		right &= sbrk(0) == own[i] + SIZE;
		if (i % 7 == 0)
			right &= sbrk(-SIZE / 2) == own[i] + SIZE && sbrk(SIZE / 2) == own[i] + SIZE / 2;
		memset(own[i], 100 + i, SIZE);
	}
	CHECK(right);
	for (int i = 0; i < ROUNDS; i++) {
		for (int j = 0; j < SIZE; j++)
			right &= kept[i][j] == i && (unsigned char)own[i][j] == 100 + i;
		free(kept[i]);
	}
	CHECK(right);
	errno = 0;
	CHECK(sbrk(1L << 62) == (void *)-1 && errno == ENOMEM);
	/* below its start the break is not moved, and the C library says nothing of it */
	char *before = sbrk(0);
	SHOW(brk((void *)8));
	CHECK(sbrk(0) == before);
	CHECK(syscall(SYS_brk, 8) == (long)before);
	CHECK(syscall(SYS_brk, before + 1) == (long)before + 1);
	CHECK(syscall(SYS_brk, 0) == (long)before + 1);
}
