/* group: eof */
/* All of the target page in which a file ends can be accessed, nothing behind it. */
#include "../harness.h"

static void ask(const char *name, const char *where, int kind, int prot)
{
	for (long size = 0; size <= 2 * P; size += P / 16) {
		int fd = new_file(where, size ? size - 7 : 0);
		char *p = mmap(NULL, 4 * P, prot, kind, fd, 0);

		NEED(p != MAP_FAILED);
		close(fd);
		say("%s, %ld/16 of a page: read %ld, write %ld", name, size * 16 / P,
		    extent(p, 4 * P, READ_ACCESS) * 16 / P,
		    prot & PROT_WRITE ? extent(p, 4 * P, WRITE_ACCESS) * 16 / P : -1);
		NEED(munmap(p, 4 * P) == 0);
	}
}

static void edges(const char *where)
{
	int fd = new_file(where, 100);
	char *p = mmap(NULL, 4 * P, RW, MAP_SHARED, fd, 0);

	NEED(p != MAP_FAILED);
	READ(p + 100);
	WRITE(p + P - 1);
	READ(p + P);
	WRITE(p + P + 5);
	READ(p + 2 * P - 1);
	READ(p + 4 * P - 1);
	SHOW(p[101] + p[P / 2]);
	SHOW(lseek(fd, 0, SEEK_END));
	/* entirely past the end, and the page of the end alone */
	char *q = mmap(NULL, P, RW, MAP_SHARED, fd, P);
	READ(q);
	q = mmap(NULL, P, PROT_READ, MAP_PRIVATE, fd, 0);
	READ(q + P - 1);
	WRITE(q + P - 1);
}

static void run(void)
{
	ask("tmpfs shared", tmpfs(), MAP_SHARED, RW);
	ask("tmpfs private", tmpfs(), MAP_PRIVATE, RW);
	ask("disk shared", disk(), MAP_SHARED, RW);
	ask("disk private", disk(), MAP_PRIVATE, RW);
	ask("disk shared, read only", disk(), MAP_SHARED, PROT_READ);
	ask("disk private, read only", disk(), MAP_PRIVATE, PROT_READ);
	edges(tmpfs());
	edges(disk());
}
