/* group: other; needs: glibc */
/* A process that a filter ends for every call but those on memory makes these calls
 * and no other. */
#include "../harness.h"
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>

#define ALLOW(number)                                        \
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1),   \
	BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)

static int fd, by_number;
static unsigned otherwise;

static void enter_sandbox(void)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		ALLOW(SYS_mmap), ALLOW(SYS_munmap), ALLOW(SYS_mprotect), ALLOW(SYS_mremap),
		ALLOW(SYS_madvise), ALLOW(SYS_msync), ALLOW(SYS_mlock), ALLOW(SYS_munlock),
		ALLOW(SYS_mincore), ALLOW(SYS_write), ALLOW(SYS_writev), ALLOW(SYS_exit_group),
		BPF_STMT(BPF_RET | BPF_K, otherwise),
	};
	struct sock_fprog program = { sizeof filter / sizeof *filter, filter };

	NEED(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
	if (by_number)
		NEED(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) == 0);
	else
		NEED(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0);
}

static void map_memory(void)
{
	char *p = mmap(NULL, 4 * P, RW, ANON, -1, 0);
	unsigned char resident;

	CHECK(p != MAP_FAILED);
	p[0] = 1;
	p[2 * P] = 7;
	CALL(mprotect(p, P, PROT_READ));
	CALL(munmap(p + P, P));
	MAP(mmap(p + P, P, RW, ANON | MAP_FIXED, -1, 0));
	MAP(mmap(p + P, P, RW, ANON | MAP_FIXED_NOREPLACE, -1, 0));
	MAP(mmap(p + P, P, RW, ANON, -1, 0));
	CALL(msync(p, P, MS_ASYNC));
	CALL(mlock(p, P));
	CALL(munlock(p, P));
	CALL(mincore(p, P, &resident));
	char *moved = mremap(p + 2 * P, P, 4 * P, MREMAP_MAYMOVE);
	CHECK(moved != MAP_FAILED);
	SHOW(moved[0]);
	SHOW(moved[4 * P - 1]);
	CALL(madvise(moved, P, MADV_DONTNEED));
	SHOW(moved[0]);
	CALL(munmap(moved, 4 * P));
	CALL(munmap(moved, 4 * P));
	CALL(mprotect(moved, P, RW));
	CALL(msync(moved, P, MS_ASYNC));
	CALL(madvise(moved, P, MADV_NORMAL));
	CALL(mincore(moved, P, &resident));
	MAP(mmap(NULL, 0, RW, ANON, -1, 0));
	MAP(mmap(NULL, P, RW, ANON, -1, P / 2));
}

static void map_file(void)
{
	MAP(mmap(NULL, P, PROT_READ, MAP_PRIVATE, fd, P));
	MAP(mmap(NULL, P, PROT_READ, MAP_PRIVATE, fd, P / 2));
	char *p = mmap(NULL, 4 * P, RW, MAP_SHARED, fd, 0);
	CHECK(p != MAP_FAILED);
	SHOW(right_bytes(p, 0, 4 * P) == 4 * P);
	p[0] = 3;
	CALL(msync(p, P, MS_SYNC));
	CALL(munmap(p, 4 * P));
}

static void in_sandbox(void)
{
	enter_sandbox();
	map_memory();
	map_file();
	MAP(mmap(NULL, P, PROT_READ, MAP_SHARED, 99, 0));
}

static void handle(int number)
{
	(void)number;
}

static void in_sandbox_with_handler(void)
{
	signal(SIGHUP, handle);
	in_sandbox();
}

static void breaks_out(void)
{
	enter_sandbox();
	say("in");
	syscall(SYS_getppid);
	say("still here");
}

/* One filter upon the other, the last of which forbids a call that nobody needs. */
static void stacked(void)
{
	unsigned ends[] = { SECCOMP_RET_ERRNO, SECCOMP_RET_TRAP, SECCOMP_RET_KILL };

	NEED(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
	for (int i = 0; i < 3; i++) {
		struct sock_filter filter[] = {
			BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
			BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getpid, 0, 1),
			BPF_STMT(BPF_RET | BPF_K, ends[i]),
			BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
		};
		struct sock_fprog program = { sizeof filter / sizeof *filter, filter };
		CALL(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program));
	}
	map_memory();
	map_file();
	CALL(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, NULL));
	CALL(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, 16));
}

/* Reading, writing and an end are all that is left. */
static void strict(void)
{
	NEED(prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT) == 0);
	say("in");
	SHOW(sysconf(_SC_PAGESIZE) == P);
	if (by_number)
		prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, NULL);
	syscall(SYS_exit, 7);
}

static void run(void)
{
	/* what ends the process, and what the library's caller may be told */
	unsigned ends[] = { SECCOMP_RET_KILL, SECCOMP_RET_TRAP, SECCOMP_RET_ERRNO | EPERM };

	fd = tagged_file(tmpfs(), 4 * P);
	for (int i = 0; i < 3; i++) {
		otherwise = ends[i];
		say("-- filter %d", i);
		in_child(in_sandbox);
		in_child(breaks_out);
		by_number = 1;
		in_child(in_sandbox_with_handler);
		by_number = 0;
	}
	say("-- stacked");
	in_child(stacked);
	say("-- strict");
	in_child(strict);
	by_number = 1;
	in_child(strict);
}
