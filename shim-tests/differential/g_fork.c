/* Group fork: a child does a few steps of its own, then the parent looks. */
#include "diff.h"
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static pid_t fork_somehow(struct ctx *c)
{
	switch (rnd(c, 3)) {
	case 0: return fork();
	case 1: return _Fork();
	default: return (pid_t)syscall(SYS_clone, (long)SIGCHLD, 0L, 0L, 0L, 0L);
	}
}

/* The child's transcript goes to memory that is shared; all else it does to the
 * books of this program is its own. */
static void child(struct ctx *c, int steps)
{
	uint64_t step = c->step;
	c->in_child = 1;
	scan(c);
	for (int i = 1; i <= steps; i++) {
		c->step = step + 1000000u * (uint64_t)i;
		step_run(c);
	}
	_exit(0);
}

static void fork_and_wait(struct ctx *c)
{
	int steps = 1 + (int)rnd(c, 3), status = 0;
	say(c, " %d steps\n", steps);
	pid_t pid = fork_somehow(c);
	if (pid == 0)
		child(c, steps);
	if (pid < 0)
		die("fork: %s", error_name(errno));
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (status)
		say(c, "    the child ended by signal %d, status %d\n", WTERMSIG(status), WEXITSTATUS(status));
	c->look_at_files = 1;
}

static const struct op ops[] = { { "fork", 8, fork_and_wait, 0 }, { 0 } };
GROUP(fork, 0, ops)
