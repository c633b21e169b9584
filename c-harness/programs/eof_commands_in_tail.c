/* group: eof */
/* Commands for the shell whose end is in a tail, and what such commands add to a file
 * whose tail was touched. */
#include "../harness.h"

/* A string that ends with its file: its terminator is in the tail. */
static char *string(const char *text)
{
	long n = (long)strlen(text);
	int fd = new_file(tmpfs(), 0);

	NEED(pwrite(fd, text, n, P / 4 - n) == n);
	char *p = mmap(NULL, P, RW, MAP_SHARED, fd, 0);
	NEED(p != MAP_FAILED && close(fd) == 0);
	return p + P / 4 - n;
}

static char path[4096];
static int fd;

/* A file of a quarter page with a touched tail. */
static char *begin(const char *where)
{
	snprintf(path, sizeof path, "%s/harness.XXXXXX", where);
	NEED((fd = mkstemp(path)) >= 0 && ftruncate(fd, P / 4) == 0);
	char *p = mmap(NULL, P, RW, MAP_SHARED, fd, 0);
	NEED(p != MAP_FAILED && byte(p + P / 2) == 0);
	return p;
}

static void end(const char *name, char *p)
{
	say("%s: %.3s", name, p + P / 2);
	munmap(p, P);
	close(fd);
	unlink(path);
}

static void run(void)
{
	char command[8192];
	const char *where[] = { tmpfs(), disk() };

	fflush(stdout);
	say("system: %d", WEXITSTATUS(system(string("exit 3"))));
	FILE *stream = popen(string("exit 4"), string("r"));
	NEED(stream);
	say("popen: %d", WEXITSTATUS(pclose(stream)));
	for (int i = 0; i < 2; i++) {
		char *p = begin(where[i]);
		snprintf(command, sizeof command, "printf abc | dd of='%s' bs=1 seek=%ld conv=notrunc 2>/dev/null", path, P / 2);
		NEED(system(command) == 0);
		end("grown by system", p);

		p = begin(where[i]);
		snprintf(command, sizeof command, "dd of='%s' bs=1 seek=%ld conv=notrunc 2>/dev/null", path, P / 2);
		NEED((stream = popen(command, "w")) && fputs("def", stream) >= 0 && pclose(stream) == 0);
		end("grown by what popen started", p);
	}
}
