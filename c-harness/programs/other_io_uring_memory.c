/* group: other */
/* Memory that a program brings for io_uring's rings begins on a page. */
#include "../harness.h"

#ifndef SYS_io_uring_setup
#define SYS_io_uring_setup 425
#define SYS_io_uring_register 427
#endif

/* as <linux/io_uring.h> has them since 6.5 */
struct params {
	uint32_t entries[2], flags, rest[7];
	struct { uint32_t offsets[8]; uint64_t user_addr; } sq, cq;
};
struct buffer_ring { uint64_t addr; uint32_t entries; uint16_t group, flags; uint64_t rest[3]; };
enum { NO_MMAP = 1 << 14, PBUF_RING = 22, FROM_KERNEL = 1 };

static const char *set_up(char *cq, char *sq)
{
	struct params p = { .flags = NO_MMAP };

	p.cq.user_addr = (uintptr_t)cq;
	p.sq.user_addr = (uintptr_t)sq;
	errno = 0;
	int fd = syscall(SYS_io_uring_setup, 8, &p);
	if (fd < 0)
		return error_name(errno);
	close(fd);
	return "set up";
}

static const char *offer(int ring, uint16_t group, char *at, uint16_t flags)
{
	struct buffer_ring r = { (uintptr_t)at, 8, group, flags, { 0 } };

	errno = 0;
	return syscall(SYS_io_uring_register, ring, PBUF_RING, &r, 1) ? error_name(errno) : "taken";
}

static void run(void)
{
	struct params p = { 0 };
	int ring = syscall(SYS_io_uring_setup, 8, &p);

	if (ring < 0)
		SKIP("no io_uring");
	char *m = mmap(NULL, 4 * P, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	NEED(m != MAP_FAILED);
	say("rings on pages: %s", set_up(m, m + P));
	say("one inside a page: %s", set_up(m + P / 16, m + P));
	say("the other: %s", set_up(m, m + P + P / 16));
	say("buffers on a page: %s", offer(ring, 1, m, 0));
	say("inside a page: %s", offer(ring, 2, m + P / 16, 0));
	say("nowhere: %s", offer(ring, 3, NULL, 0));
	say("the kernel's: %s", offer(ring, 4, NULL, FROM_KERNEL));
	CALL(syscall(SYS_io_uring_register, ring, PBUF_RING, 16L, 1));
}
