/* group: other; needs: glibc */
/* A user fault tells of a whole page, comes once for it, and not at all for a page
 * of which a part was there before. */
#include "../harness.h"
#include <linux/userfaultfd.h>
#include <poll.h>
#include <sys/ioctl.h>

#ifndef UFFD_FEATURE_EXACT_ADDRESS
#define UFFD_FEATURE_EXACT_ADDRESS (1 << 11)
#endif

static char *memory, *source;
static int stop[2];
static int by_number;

/* Serves faults, each with what it was told. */
static void *serve(void *argument)
{
	int fd = (int)(intptr_t)argument;
	struct pollfd polled[] = { { .fd = fd, .events = POLLIN }, { .fd = stop[0], .events = POLLIN } };
	struct uffd_msg message;

	while (poll(polled, 2, -1) > 0 && !polled[1].revents) {
		long got = by_number ? syscall(SYS_read, fd, &message, sizeof message) :
				       read(fd, &message, sizeof message);
		if (got != sizeof message || message.event != UFFD_EVENT_PAGEFAULT)
			continue;
		uintptr_t at = message.arg.pagefault.address;
		long page = (long)(at - (uintptr_t)memory) / P, within = (long)(at % P);
		say("fault at page %ld, sixteenth %ld", page, within / (P / 16));
		struct uffdio_copy copy = { .dst = at - within, .src = (uintptr_t)source, .len = P };
		struct uffdio_zeropage zero = { .range = { at - within, P } };
		if (page % 2 ? ioctl(fd, UFFDIO_ZEROPAGE, &zero) : ioctl(fd, UFFDIO_COPY, &copy))
			say("not served: %s", error_name(errno));
	}
	return NULL;
}

static int open_faults(unsigned long features)
{
	int fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK | 1);
	struct uffdio_api api = { .api = UFFD_API, .features = features };

	if (fd < 0)
		SKIP("userfaultfd: %s", error_name(errno));
	NEED(ioctl(fd, UFFDIO_API, &api) == 0);
	return fd;
}

static void with_faults(unsigned long features)
{
	int fd = open_faults(features);
	pthread_t server;

	say("-- features %lx, %s", features, by_number ? "syscall" : "read");
	memory = rw_area(8 * P);
	source = rw_area(P);
	fill(source, P);
	/* parts of pages 4, 5 and 6 are there before */
	memory[4 * P] = 44;
	memory[5 * P + P / 2] = 55;
	(void)*(volatile char *)&memory[7 * P - 1];
	struct uffdio_register r = { .range = { (uintptr_t)memory, 7 * P }, .mode = UFFDIO_REGISTER_MODE_MISSING };
	NEED(ioctl(fd, UFFDIO_REGISTER, &r) == 0);
	NEED(pipe(stop) == 0);
	NEED(pthread_create(&server, NULL, serve, (void *)(intptr_t)fd) == 0);

	SHOW(byte(memory + P / 2) == tag(P / 2));
	SHOW(byte(memory + P - 1) == tag(P - 1));
	memory[0] = 1;
	memory[2 * P - 1] = 7;
	SHOW(byte(memory + P));
	SHOW(byte(memory + 2 * P + P / 4) == tag(P / 4));
	SHOW(byte(memory + 4 * P + P / 2));
	SHOW(byte(memory + 5 * P));
	SHOW(byte(memory + 5 * P + P / 2));
	SHOW(byte(memory + 6 * P));
	CALL(madvise(memory + 4 * P, 1, MADV_DONTNEED));
	SHOW(byte(memory + 5 * P - 1) == tag(P - 1));
	struct uffdio_copy again = { .dst = (uintptr_t)memory, .src = (uintptr_t)source, .len = P };
	CALL(ioctl(fd, UFFDIO_COPY, &again));
	SHOW((long)again.copy == -EEXIST);
	SHOW(memory[0]);

	NEED(write(stop[1], "x", 1) == 1);
	NEED(pthread_join(server, NULL) == 0);
	NEED(close(fd) == 0);
}

static void run(void)
{
	/* a fault that nobody serves waits for ever */
	alarm(60);
	with_faults(0);
	by_number = 1;
	with_faults(0);
	with_faults(UFFD_FEATURE_EXACT_ADDRESS);
}
