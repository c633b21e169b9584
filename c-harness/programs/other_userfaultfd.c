/* group: other; needs: glibc */
/* userfaultfd takes ranges of whole pages. */
#include "../harness.h"
#include <linux/userfaultfd.h>
#include <sys/ioctl.h>

static void run(void)
{
	int fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK | 1);
	struct uffdio_api api = { .api = UFFD_API };

	if (fd < 0)
		SKIP("userfaultfd: %s", error_name(errno));
	NEED(ioctl(fd, UFFDIO_API, &api) == 0);
	/* a fault that nobody serves waits for ever */
	alarm(20);
	char *p = rw_area(4 * P);
	struct uffdio_register r = { .range = { (uintptr_t)p + P / 2, P }, .mode = UFFDIO_REGISTER_MODE_MISSING };
	CALL(ioctl(fd, UFFDIO_REGISTER, &r));
	r.range.start = (uintptr_t)p;
	r.range.len = P / 2;
	CALL(ioctl(fd, UFFDIO_REGISTER, &r));
	r.range.len = P;
	CALL(ioctl(fd, UFFDIO_REGISTER, &r));
	struct uffdio_zeropage z = { .range = { (uintptr_t)p, P / 2 } };
	CALL(ioctl(fd, UFFDIO_ZEROPAGE, &z));
	z.range.len = P;
	CALL(ioctl(fd, UFFDIO_ZEROPAGE, &z));
	SHOW(byte(p));
	SHOW(byte(p + P - 1));
}
