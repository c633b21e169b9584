/* group: fork */
/* exec in all its forms hands on arguments and environment as they are. */
#include "../harness.h"
#include <spawn.h>

extern char **environ;

static void leaf(void)
{
	printf("%d arguments", arg_count - 1);
	for (int i = 1; i < arg_count; i++)
		printf(" %s", args[i]);
	const char *mark = getenv("MARK");
	say(", MARK is %s", mark ? mark : "not set");
}

static char self[4096];
static char *short_list[] = { "me", "leaf", "1", NULL };
static char *marked[] = { "MARK=given", NULL, NULL, NULL };

static void start(int form)
{
	switch (form) {
	case 0: execl(self, "me", "leaf", (char *)NULL); break;
	case 1: execl(self, "me", "leaf", "2", "3", "4", "5", "6", "7", "8", "9", "10", (char *)NULL); break;
	case 2: execlp(self, "me", "leaf", "2", "3", "4", "5", (char *)NULL); break;
	case 3: execle(self, "me", "leaf", "2", "3", "4", (char *)NULL, marked); break;
	case 4: execle(self, "me", "leaf", "2", "3", "4", "5", "6", "7", (char *)NULL, marked); break;
	case 5: execv(self, short_list); break;
	case 6: execvp(self, short_list); break;
	case 7: execve(self, short_list, marked); break;
	case 8: execvpe(self, short_list, marked); break;
	case 9: fexecve(open(self, O_RDONLY | O_CLOEXEC), short_list, marked); break;
	case 10: syscall(SYS_execve, self, short_list, marked); break;
	case 11: syscall(SYS_execveat, AT_FDCWD, self, short_list, marked, 0); break;
	case 12: execlp("/no/such/program", "me", (char *)NULL); say("execlp: %s", error_name(errno)); break;
	case 13: execl("/", "me", "a", "b", "c", "d", "e", "f", (char *)NULL); say("execl: %s", error_name(errno)); break;
	}
	_exit(0);
}

static void run(void)
{
	if (arg_count > 1) {
		leaf();
		exit(0);
	}
	ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
	NEED(n > 0);
	/* what the program runs under has to reach its children */
	int filled = 1;
	for (char **e = environ; *e; e++)
		if (filled < 3 && (!strncmp(*e, "LD_PRELOAD=", 11) || !strncmp(*e, "PAGESIM_PAGE_SIZE=", 18)))
			marked[filled++] = *e;
	NEED(setenv("MARK", "own", 1) == 0);
	for (int form = 0; form < 14; form++) {
		int status;
		pid_t child = fork();

		NEED(child >= 0);
		if (!child)
			start(form);
		NEED(waitpid(child, &status, 0) == child);
		NEED(status == 0);
	}
	pid_t child;
	int status;
	NEED(posix_spawn(&child, self, NULL, NULL, short_list, marked) == 0);
	NEED(waitpid(child, &status, 0) == child);
	NEED(posix_spawnp(&child, self, NULL, NULL, short_list, environ) == 0);
	NEED(waitpid(child, &status, 0) == child);
	child = vfork();
	if (child == 0) {
		execve(self, short_list, marked);
		_exit(1);
	}
	NEED(waitpid(child, &status, 0) == child);
	SHOW(posix_spawn(&child, "/no/such/program", NULL, NULL, short_list, environ) == ENOENT);
}
