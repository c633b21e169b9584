/* group: eof */
/* What was stored in a private mapping of a file is still there after a fork, and after the
 * file was cut behind it, however little address space is left. */
#include "../harness.h"

enum { PAGES_OF_FILE = 4, STEPS = 48 };

static int fd;

static void store(char *p)
{
	for (long i = 0; i < PAGES_OF_FILE; i++)
		for (long j = 0; j < 16; j++)
			p[i * P + j * P / 16 + 7] = (char)(100 + j);
}

static long kept(char *p, long n)
{
	long all = 0;

	for (long i = 0; i < n; i++)
		for (long j = 0; j < 16; j++)
			all += p[i * P + j * P / 16 + 7] == (char)(100 + j);
	return all;
}

static long with_limit(long bytes, int prot, int cut)
{
	struct rlimit limit = { 0, RLIM_INFINITY }, none = { RLIM_INFINITY, RLIM_INFINITY };
	char *p = mmap(NULL, PAGES_OF_FILE * P, RW, MAP_PRIVATE, fd, 0);

	NEED(p != MAP_FAILED);
	store(p);
	NEED(mprotect(p, PAGES_OF_FILE * P, prot) == 0);
	limit.rlim_cur = (rlim_t)proc_field("/proc/self/status", "VmSize") * 1024 + (rlim_t)bytes;
	NEED(setrlimit(RLIMIT_AS, &limit) == 0);
	if (cut) {
		NEED(ftruncate(fd, PAGES_OF_FILE * P - P / 2) == 0);
	} else {
		pid_t child = fork();
		if (!child)
			_exit(0);
		NEED(child < 0 || waitpid(child, NULL, 0) == child);
	}
	NEED(setrlimit(RLIMIT_AS, &none) == 0);
	NEED(mprotect(p, PAGES_OF_FILE * P, RW) == 0);
	/* the half page in front of the cut and all in front of it */
	long all = cut ? kept(p, PAGES_OF_FILE - 1) : kept(p, PAGES_OF_FILE);
	NEED(munmap(p, PAGES_OF_FILE * P) == 0 && ftruncate(fd, PAGES_OF_FILE * P) == 0);
	return all;
}

static void all(const char *what, int prot, int cut)
{
	long least = PAGES_OF_FILE * 16;

	for (long step = 0; step < STEPS; step++) {
		long n = with_limit(step * 4096, prot, cut);
		if (n < least)
			least = n;
	}
	say("%s: at least %ld of %d kept", what, least, 16 * (PAGES_OF_FILE - cut));
}

static void run(void)
{
	fd = tagged_file(tmpfs(), PAGES_OF_FILE * P);
	all("fork", RW, 0);
	all("fork, read only", PROT_READ, 0);
	all("fork, without access", PROT_NONE, 0);
	all("cut", RW, 1);
}
