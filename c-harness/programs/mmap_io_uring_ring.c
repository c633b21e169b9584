/* group: special; needs: glibc */
/* The rings of io_uring are mapped with the length that the kernel names, which
 * is no multiple of a page. */
#include "../harness.h"
#include <linux/io_uring.h>

static void run(void)
{
	struct io_uring_params params = { 0 };
	int fd = (int)syscall(SYS_io_uring_setup, 4, &params);

	if (fd < 0)
		SKIP("io_uring_setup: %s", error_name(errno));
	long n = params.sq_off.array + params.sq_entries * (long)sizeof(unsigned);
	char *p = mmap(NULL, n, RW, MAP_SHARED | MAP_POPULATE, fd, IORING_OFF_SQ_RING);
	NEED(p != MAP_FAILED);
	SHOW(*(unsigned *)(p + params.sq_off.ring_entries));
	SHOW(*(unsigned *)(p + params.sq_off.ring_mask));
	struct io_uring_sqe *sqes = mmap(NULL, params.sq_entries * sizeof *sqes, RW, MAP_SHARED | MAP_POPULATE, fd, IORING_OFF_SQES);
	NEED(sqes != MAP_FAILED);
	sqes[0] = (struct io_uring_sqe){ .opcode = IORING_OP_NOP, .user_data = 77 };
	*(unsigned *)(p + params.sq_off.array) = 0;
	__atomic_store_n((unsigned *)(p + params.sq_off.tail), 1, __ATOMIC_RELEASE);
	CALL(syscall(SYS_io_uring_enter, fd, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0));
	SHOW(*(unsigned *)(p + params.sq_off.head));
	CALL(munmap(sqes, params.sq_entries * sizeof *sqes));
	CALL(munmap(p, n));
	MAP(mmap(NULL, n, RW, MAP_SHARED, fd, IORING_OFF_SQ_RING + P / 2));
}
