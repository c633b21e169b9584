/* group: other; needs: glibc */
/* A process that a filter ends for every call but a few on files makes these calls and no
 * other. */
#include "../harness.h"
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/uio.h>

#ifndef FIGETBSZ
#define FIGETBSZ _IO(0, 2)
#endif
#define ALLOW(number)                                        \
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1),   \
	BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)

static int with_fstat;

static void in_sandbox(void)
{
	char text[512];
	struct iovec part = { text, sizeof text };
	int size, statm = open("/proc/self/statm", O_RDONLY), other = open("/proc/self/statm", O_RDONLY);
	int pagemap = open("/proc/self/pagemap", O_RDONLY), fd = tagged_file(tmpfs(), 4 * P);
	int null = open("/dev/null", O_RDWR), pipes[2];
	char *memory = mmap(NULL, 3 * (1L << 30), PROT_READ, ANON | MAP_NORESERVE, -1, 0);

	NEED(statm >= 0 && other >= 0 && pagemap >= 0 && null >= 0 && pipe(pipes) == 0 && memory != MAP_FAILED);
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		ALLOW(SYS_read), ALLOW(SYS_write), ALLOW(SYS_readv), ALLOW(SYS_pread64),
		ALLOW(SYS_fallocate), ALLOW(SYS_ioctl), ALLOW(SYS_exit_group),
		ALLOW(with_fstat ? SYS_fstat : SYS_read), ALLOW(with_fstat ? SYS_lseek : SYS_read),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
	};
	struct sock_fprog program = { sizeof filter / sizeof *filter, filter };
	NEED(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
	NEED(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0);

	CHECK(read(statm, text, sizeof text) > 0);
	CHECK(read(statm, text, sizeof text) == 0);
	CHECK(readv(other, &part, 1) > 0);
	CHECK(pread(other, text, sizeof text, 0) > 0);
	CHECK(read(pagemap, text, 16) == 16);
	CHECK(pread(fd, text, 16, 0) == 16);
	CALL(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, P / 2, P));
	CALL(fallocate(fd, 0, 5 * P, 1));
	CHECK(ioctl(fd, FIGETBSZ, &size) == 0);
	CHECK(write(null, memory, 3 * (1L << 30)) > 2000000000);
	CALL(write(pipes[1], text, 4));
	CALL(read(pipes[0], text, 4));
}

static void run(void)
{
	in_child(in_sandbox);
	with_fstat = 1;
	in_child(in_sandbox);
}
