/* group: fork */
/* A fork reads no page of what is mapped: holes of shared files stay holes. */
#include "../harness.h"

enum { PAGES_OF_FILE = 16 };

static long blocks(int fd)
{
	struct stat st;

	NEED(fstat(fd, &st) == 0);
	return (long)st.st_blocks;
}

static int resident(char *p)
{
	unsigned char vector[PAGES_OF_FILE];
	int n = 0;

	NEED(mincore(p, PAGES_OF_FILE * P, vector) == 0);
	for (int i = 0; i < PAGES_OF_FILE; i++)
		n += vector[i] & 1;
	return n;
}

static void nothing(void)
{
}

static void run(void)
{
	int whole = memfd_create("whole", 0), odd = memfd_create("odd", 0);
	int longer = memfd_create("longer", 0), empty = memfd_create("empty", 0);

	NEED(ftruncate(whole, PAGES_OF_FILE * P) == 0);
	NEED(ftruncate(odd, (PAGES_OF_FILE - 1) * P + P / 4) == 0);
	NEED(ftruncate(longer, 2 * PAGES_OF_FILE * P) == 0);
	char *a = mmap(NULL, PAGES_OF_FILE * P, RW, MAP_SHARED, whole, 0);
	char *b = mmap(NULL, PAGES_OF_FILE * P, RW, MAP_SHARED, odd, 0);
	char *c = mmap(NULL, PAGES_OF_FILE * P, RW, MAP_SHARED, longer, 4 * P);
	char *d = mmap(NULL, PAGES_OF_FILE * P, RW, MAP_SHARED, empty, 0);
	NEED(a != MAP_FAILED && b != MAP_FAILED && c != MAP_FAILED && d != MAP_FAILED);

	in_child(nothing);
	SHOW(blocks(whole));
	SHOW(blocks(longer));
	SHOW(resident(a));
	SHOW(resident(c));
	/* and the end of a file is where it was */
	b[(PAGES_OF_FILE - 1) * P + P / 2] = 5;
	in_child(nothing);
	SHOW(b[(PAGES_OF_FILE - 1) * P + P / 2]);
	READ(d);
}
