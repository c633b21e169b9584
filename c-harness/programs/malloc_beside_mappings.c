/* group: heap */
/* The C library's heap and the program's mappings leave each other alone. */
#include "../harness.h"

static void run(void)
{
	static char *block[200], *map[200];
	long wrong = 0;

	for (int i = 0; i < 200; i++) {
		block[i] = malloc(1 + i * 3000);
		map[i] = mmap(NULL, 1 + i * 100, RW, ANON, -1, 0);
		NEED(block[i] && map[i] != MAP_FAILED);
		memset(block[i], i, 1 + i * 3000);
		memset(map[i], ~i, (1 + i * 100 + P - 1) / P * P);
	}
	for (int i = 0; i < 200; i++) {
		wrong += block[i][i * 3000] != (char)i || map[i][P - 1] != (char)~i;
		free(block[i]);
		wrong += munmap(map[i], 1 + i * 100) != 0;
	}
	SHOW(wrong);
}
