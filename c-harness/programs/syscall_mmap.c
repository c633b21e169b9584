/* group: syscall */
/* The same calls through syscall(2). */
#include "../harness.h"

static void run(void)
{
	int fd = tagged_file(tmpfs(), 4 * P);
	char *p = area(8 * P);

	MAP(syscall(SYS_mmap, NULL, P, PROT_READ, MAP_SHARED, fd, P / 2));
	MAP(syscall(SYS_mmap, NULL, P, PROT_READ, MAP_SHARED, 999, P / 2));
	MAP(syscall(SYS_mmap, NULL, P, PROT_READ, MAP_SHARED, 999, 0));
	MAP(syscall(SYS_mmap, NULL, 0, RW, ANON, -1, 0));
	MAP(syscall(SYS_mmap, NULL, SIZE_MAX, RW, ANON, -1, 0));
	MAP(syscall(SYS_mmap, NULL, 1, RW, ANON, -1, 0));
	MAP(syscall(SYS_mmap, p + P / 2, P, RW, ANON | MAP_FIXED, -1, 0));
	MAP(syscall(SYS_mmap, p, 2 * P + 1, RW, ANON | MAP_FIXED, -1, 0));
	MAP(syscall(SYS_mmap, p, P, RW, ANON | MAP_FIXED_NOREPLACE, -1, 0));
	MAP(syscall(SYS_mmap, p + P, P, PROT_READ, MAP_SHARED | MAP_FIXED, fd, 2 * P));
	HOLDS(p + P, 2 * P, P);
	CALL(syscall(SYS_munmap, p + P / 2, P));
	CALL(syscall(SYS_munmap, p, 1));
	CALL(syscall(SYS_mprotect, p + P + P / 2, P, PROT_NONE));
	CALL(syscall(SYS_mprotect, p + P, 1, PROT_NONE));
	CALL(syscall(SYS_msync, p + P / 2, P, MS_SYNC));
	CALL(syscall(SYS_msync, p + 2 * P, 1, MS_SYNC));
	PAGES(p, 8);
}
