/* group: madvise; needs: glibc */
/* process_madvise(3) as the C library has it: whole pages, one range after the
 * other. */
#include "../harness.h"
#include <sys/uio.h>

static long advise(int pid, char *start, long len, int advice)
{
	struct iovec part = { start, (size_t)len };

	return syscall(SYS_process_madvise, pid, &part, 1UL, advice, 0U);
}


static void run(void)
{
	char *p = rw_area(4 * P);
	int self = (int)syscall(SYS_pidfd_open, getpid(), 0);
	struct iovec parts[2] = { { p, (size_t)P / 16 }, { p + 2 * P, (size_t)P } };

	if (self < 0 || advise(self, p, P, 20 /* MADV_COLD */) < 0)
		SKIP("no process_madvise");
	memset(p, 1, 4 * P);
	say("in pages: %s", process_madvise(self, parts, 2, 20, 0) == P / 16 + P ? "yes" : "NO");
	parts[0].iov_base = p + P / 16;
	CALL(process_madvise(self, parts, 1, 20, 0));
	parts[1].iov_base = p + P / 16;
	parts[0].iov_base = p;
	say("up to the wrong one: %s", process_madvise(self, parts, 2, 20, 0) == P / 16 ? "yes" : "NO");
	parts[1].iov_len = 0;
	say("an empty one at the end: %s", process_madvise(self, parts, 2, 20, 0) == P / 16 ? "yes" : "NO");
	parts[0] = (struct iovec){ p + P / 16, 0 };
	parts[1] = (struct iovec){ p, (size_t)P };
	CALL(process_madvise(self, parts, 2, 20, 0));
	parts[0].iov_base = p + P;
	say("an empty one: %s", process_madvise(self, parts, 2, 20, 0) == P ? "yes" : "NO");
	struct iovec three[3] = { { p, (size_t)P }, { p + P / 16, 0 }, { p, (size_t)P } };
	say("one between: %s", process_madvise(self, three, 3, 20, 0) == 2 * P ? "yes" : "NO");
	parts[0] = (struct iovec){ p, (size_t)P / 16 };
	CALL(process_madvise(self, parts, 1, 20, 1));
	CALL(process_madvise(-1, parts, 1, 20, 0));
	CALL(advise(self, p + P / 16, P, 20));
}
