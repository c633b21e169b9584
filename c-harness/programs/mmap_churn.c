/* group: heap */
/* A hundred live mappings that come and go for a while keep what was written. */
#include "../harness.h"

static void run(void)
{
	static struct { unsigned char *p; long n; unsigned char mark; } m[100];
	unsigned long state = 12345;
	long wrong = 0, failed = 0;

	for (int i = 0; i < 20000; i++) {
		state = state * 6364136223846793005UL + 1442695040888963407UL;
		int k = (int)(state >> 33) % 100;
		if (m[k].p) {
			wrong += m[k].p[0] != m[k].mark || m[k].p[m[k].n - 1] != m[k].mark;
			failed += munmap(m[k].p, m[k].n) != 0;
			m[k].p = NULL;
			continue;
		}
		m[k].n = 1 + (long)(state >> 40) % (6 * P);
		m[k].mark = (unsigned char)i;
		m[k].p = mmap(NULL, m[k].n, RW, ANON, -1, 0);
		NEED(m[k].p != MAP_FAILED);
		wrong += m[k].p[0] != 0;
		m[k].p[0] = m[k].p[m[k].n - 1] = m[k].mark;
	}
	SHOW(wrong);
	SHOW(failed);
}
