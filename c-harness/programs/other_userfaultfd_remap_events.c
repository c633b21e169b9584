/* group: other; needs: glibc; only: 4K 16K */
/* Minor faults where moves of mappings are told, too: to go on needs nobody who reads
 * events meanwhile. */
#include "../harness.h"
#include <linux/userfaultfd.h>
#include <sys/ioctl.h>

enum { MINOR = 4, MINOR_SHMEM = 1 << 10 };

struct continued {
	struct uffdio_range range;
	uint64_t mode;
	int64_t mapped;
};
#define CONTINUE _IOWR(UFFDIO, 7, struct continued)

static void run(void)
{
	struct uffdio_api api = { .api = UFFD_API, .features = MINOR_SHMEM | UFFD_FEATURE_EVENT_REMAP };
	int fd = memfd_create("minor", 0);
	int uffd = (int)syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);
	struct uffd_msg message;

	if (uffd < 0 || ioctl(uffd, UFFDIO_API, &api))
		SKIP("no minor faults: %s", error_name(errno));
	NEED(fd >= 0 && ftruncate(fd, 8 * P) == 0);
	char *own = mmap(NULL, 8 * P, RW, MAP_SHARED, fd, 0);
	char *p = mmap(NULL, 8 * P, RW, MAP_SHARED, fd, 0);
	NEED(own != MAP_FAILED && p != MAP_FAILED);
	own[P + P / 2] = 1;
	struct uffdio_register all = { .range = { .start = (uintptr_t)p, .len = (uint64_t)(8 * P) }, .mode = MINOR };
	CALL(ioctl(uffd, UFFDIO_REGISTER, &all));
	memset(own + 3 * P, 3, (size_t)P);
	alarm(10);
	for (long page = 1; page <= 3; page += 2) {
		struct continued c = { .range = { .start = (uintptr_t)p + page * P, .len = (uint64_t)P } };

		CALL(ioctl(uffd, CONTINUE, &c));
	}
	CALL(ioctl(uffd, UFFDIO_REGISTER, &all));
	SHOW(byte(p + P + P / 2));
	SHOW(byte(p + 3 * P + P - 1));
	say("events: %s", read(uffd, &message, sizeof message) < 0 ? error_name(errno) : "some");
}
