/* group: other; needs: glibc; only: 4K 16K */
/* Minor faults: a page that is in the file is mapped when the program says so, as a whole
 * however little was written to it. */
#include "../harness.h"
#include <linux/userfaultfd.h>
#include <poll.h>
#include <sys/ioctl.h>

enum { MINOR = 4, MINOR_SHMEM = 1 << 10 };

struct continued {
	struct uffdio_range range;
	uint64_t mode;
	int64_t mapped;
};
#define CONTINUE _IOWR(UFFDIO, 7, struct continued)

static int uffd;
static char *p;

static void *toucher(void *unused)
{
	(void)unused;
	(void)*(volatile char *)(p + P + P / 4);
	(void)*(volatile char *)(p + 3 * P + P / 2);
	return NULL;
}

static void event(void)
{
	struct uffd_msg message;
	struct pollfd ready = { .fd = uffd, .events = POLLIN };

	if (poll(&ready, 1, 5000) != 1 || read(uffd, &message, sizeof message) != sizeof message)
		say("no fault");
	else
		say("fault: event %x, flags %ld, at %ld/16 P", message.event,
		    (long)message.arg.pagefault.flags,
		    (long)(message.arg.pagefault.address - (uintptr_t)p) * 16 / P);
}

static void go_on(long page)
{
	struct continued c = { .range = { .start = (uintptr_t)p + page * P, .len = (uint64_t)P } };

	errno = 0;
	int answer = ioctl(uffd, CONTINUE, &c);
	say("page %ld: %d %s, %ld", page, answer, error_name(errno), (long)(c.mapped > 0 ? c.mapped * 16 / P : c.mapped));
}

static void run(void)
{
	struct uffdio_api api = { .api = UFFD_API, .features = MINOR_SHMEM };
	int fd = memfd_create("minor", 0);
	pthread_t thread;

	uffd = (int)syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);
	if (uffd < 0 || ioctl(uffd, UFFDIO_API, &api))
		SKIP("no minor faults: %s", error_name(errno));
	NEED(fd >= 0 && ftruncate(fd, 8 * P) == 0);
	char *own = mmap(NULL, 8 * P, RW, MAP_SHARED, fd, 0);
	p = mmap(NULL, 8 * P, RW, MAP_SHARED, fd, 0);
	NEED(own != MAP_FAILED && p != MAP_FAILED);
	own[P + P / 2] = 1;
	struct uffdio_register all = { .range = { .start = (uintptr_t)p, .len = (uint64_t)(8 * P) }, .mode = MINOR };
	CALL(ioctl(uffd, UFFDIO_REGISTER, &all));
	memset(own + 3 * P, 3, (size_t)P);
	NEED(pthread_create(&thread, NULL, toucher, NULL) == 0);
	event();
	go_on(1);
	go_on(1);
	event();
	go_on(3);
	NEED(pthread_join(thread, NULL) == 0);
	go_on(2);
	own[4 * P + P / 2] = 4;
	go_on(4);
	SHOW(byte(p + P + P / 2));
	SHOW(byte(p + 3 * P + P - 1));
	SHOW(byte(p + 4 * P + P / 2));
	struct stat st;
	NEED(fstat(fd, &st) == 0);
	SHOW(st.st_blocks * 512 / P);
}
