/* group: syscall */
/* System calls that have nothing to do with memory pass through syscall(2),
 * with six arguments and with errors. */
#include "../harness.h"
#include <sys/uio.h>

static void run(void)
{
	int ends[2];
	char text[8] = { 0 };
	struct iovec v = { text, 5 };
	int in = new_file(tmpfs(), 10), out = new_file(tmpfs(), 0);
	off_t from = 2, to = 0;

	CHECK(syscall(SYS_getpid) == getpid());
	NEED(pipe(ends) == 0);
	CALL(syscall(SYS_write, ends[1], "hello", 5));
	CALL(syscall(SYS_readv, ends[0], &v, 1));
	say("%s", text);
	CALL(syscall(SYS_close, 999));
	CALL(syscall(99999));
	CALL(syscall(SYS_copy_file_range, in, &from, out, &to, 6, 0));
	errno = 77;
	(void)syscall(SYS_getpid);
	SHOW(errno);
}
