/* group: other */
/* Where a page is and what becomes of it is asked for whole pages: move_pages,
 * process_madvise, mbind. */
#include "../harness.h"
#include <sys/uio.h>

static void run(void)
{
	char *p = rw_area(8 * P);
	void *at[3] = { p, p + P / 2, p + P + P / 2 };
	int status[3] = { -1, -1, -1 };

	p[0] = 1;
	if (syscall(SYS_move_pages, 0, 3UL, at, NULL, status, 0))
		SKIP("move_pages: %s", error_name(errno));
	say("move_pages: %d %d %s", status[0], status[1], error_name(-status[2]));
	errno = 0;
	CHECK(syscall(SYS_move_pages, 0, 1UL, at, NULL, (int *)8, 0) == -1 && errno == EFAULT);
	errno = 0;
	CHECK(syscall(SYS_move_pages, 0, 1UL, (void **)8, NULL, status, 0) == -1 && errno == EFAULT);
	CALL(syscall(SYS_mbind, p + P / 2, P, 0, NULL, 0, 0));
	CALL(syscall(SYS_mbind, p, 1, 0, NULL, 0, 0));
	CALL(syscall(SYS_mbind, p, 0, 0, NULL, 0, 0));

	int self = (int)syscall(434, getpid(), 0);
	if (self < 0)
		SKIP("pidfd_open: %s", error_name(errno));
	struct iovec two[2] = { { p, 1 }, { p + 2 * P, (size_t)P } };
	CHECK(syscall(440, self, two, 2, MADV_COLD, 0) == 1 + P);
	two[1].iov_base = p + 2 * P + P / 2;
	CHECK(syscall(440, self, two, 2, MADV_COLD, 0) == 1);
	two[0].iov_base = p + P / 2;
	CALL(syscall(440, self, two, 2, MADV_COLD, 0));
	CALL(syscall(440, self, two, 0, MADV_COLD, 0));
	CALL(syscall(440, self, (void *)8, 1, MADV_COLD, 0));
	CALL(syscall(440, -1, two, 1, MADV_COLD, 0));
}
