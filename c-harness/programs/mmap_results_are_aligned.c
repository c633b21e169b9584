/* group: mmap */
/* Fifty mappings of odd lengths: each on a page, none over another. */
#include "../harness.h"

static void run(void)
{
	static struct { char *p; long n; } m[50];
	int misaligned = 0, overlaps = 0, wrong = 0;

	for (int i = 0; i < 50; i++) {
		m[i].n = 1 + i * i * (P / 64) + i * 37;
		m[i].p = mmap(NULL, m[i].n, RW, ANON, -1, 0);
		NEED(m[i].p != MAP_FAILED);
		misaligned += (uintptr_t)m[i].p % P != 0;
		memset(m[i].p, i + 1, m[i].n);
	}
	for (int i = 0; i < 50; i++) {
		for (int j = 0; j < i; j++) {
			long end_i = (m[i].n + P - 1) / P * P, end_j = (m[j].n + P - 1) / P * P;
			overlaps += m[i].p < m[j].p + end_j && m[j].p < m[i].p + end_i;
		}
		wrong += m[i].p[0] != i + 1 || m[i].p[m[i].n - 1] != i + 1;
	}
	SHOW(misaligned);
	SHOW(overlaps);
	SHOW(wrong);
}
