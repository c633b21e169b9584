/* group: eof */
/* A child moves and lengthens parts of a private mapping that was written before the fork. */
#include "../harness.h"

enum { PAGES_OF_FILE = 8 };

static void look(const char *what, char *p, long n)
{
	printf("%s: %s;", what, pages(p, n));
	for (long i = 0; i < n; i++)
		printf(" %d", byte(p + i * P + P / 2));
	putchar('\n');
}

static void child(char *p)
{
	char *place = hole(16 * P), *q;

	q = mremap(p + 2 * P, P, 2 * P, MREMAP_MAYMOVE);
	say("lengthened: %s", q == MAP_FAILED ? error_name(errno) : "moved");
	if (q != MAP_FAILED)
		look("it", q, 2);
	q = mremap(p + 4 * P, 3 * P, 3 * P, MREMAP_MAYMOVE | MREMAP_FIXED, place);
	say("moved: %s", q == MAP_FAILED ? error_name(errno) : "yes");
	look("there", place, 3);
	q = mremap(p, 2 * P, P, 0);
	say("shortened: %s", q == p ? "yes" : error_name(errno));
	q = mremap(place + P, 2 * P, 4 * P, MREMAP_MAYMOVE | MREMAP_FIXED, place + 8 * P);
	say("moved and lengthened: %s", q == MAP_FAILED ? error_name(errno) : "yes");
	look("there", place + 8 * P, 4);
	look("left", p, PAGES_OF_FILE);
	fflush(stdout);
	_exit(0);
}

static void run(void)
{
	int fd = tagged_file(tmpfs(), PAGES_OF_FILE * P);
	char *p = hole(16 * P);

	NEED(mmap(p, PAGES_OF_FILE * P, RW, MAP_PRIVATE | MAP_FIXED, fd, 0) == p);
	for (long i = 0; i < PAGES_OF_FILE; i++)
		p[i * P + P / 2] = (char)(200 + i);
	pid_t pid = fork();
	if (!pid)
		child(p);
	NEED(waitpid(pid, NULL, 0) == pid);
	look("here", p, PAGES_OF_FILE);
}
