/* group: proc; needs: glibc */
/* A file of /proc that counts pages is a file of /proc, whatever is asked of it:
 * status, file system, name, position, mapping. */
#include "../harness.h"
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/vfs.h>

static void look(const char *path)
{
	struct stat by_fd, by_path, empty;
	struct statx wide;
	struct statfs system;
	struct statvfs totals;
	char name[64], link[256] = "", folder[32];
	const char *file = strrchr(path, '/') + 1;
	int fd = open(path, O_RDONLY);

	say("%s", path);
	NEED(fd >= 0 && stat(path, &by_path) == 0 && fstat(fd, &by_fd) == 0);
	SHOW(by_fd.st_size);
	CHECK(by_fd.st_dev == by_path.st_dev && by_fd.st_ino == by_path.st_ino);
	CHECK(by_fd.st_mode == by_path.st_mode && by_fd.st_nlink == by_path.st_nlink);
	CALL(fstatat(fd, "", &empty, AT_EMPTY_PATH));
	CHECK(empty.st_ino == by_path.st_ino && empty.st_size == 0);
	CALL(statx(fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS, &wide));
	CHECK(wide.stx_ino == by_path.st_ino && wide.stx_size == 0);
	CALL(syscall(SYS_statx, fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS, &wide));
	CHECK(wide.stx_ino == by_path.st_ino && wide.stx_size == 0);
	NEED(fstatfs(fd, &system) == 0 && fstatvfs(fd, &totals) == 0);
	CHECK(system.f_type == 0x9fa0);
	CHECK(totals.f_blocks == 0);
	NEED(syscall(SYS_fstatfs, fd, &system) == 0);
	CHECK(system.f_type == 0x9fa0);
	sprintf(name, "/proc/self/fd/%d", fd);
	NEED(readlink(name, link, sizeof link - 1) > 0);
	CHECK(!strncmp(link, "/proc/", 6) && !strcmp(strrchr(link, '/') + 1, file));
	sprintf(folder, "%d", fd);
	int dir = open("/proc/self/fd", O_RDONLY | O_DIRECTORY);
	memset(link, 0, sizeof link);
	NEED(syscall(SYS_readlinkat, dir, folder, link, 8) == 8);
	CHECK(!strncmp(link, "/proc/", 6) && link[8] == 0);
	MAP(mmap(NULL, P, PROT_READ, MAP_PRIVATE, fd, 0));
	CALL(lseek(fd, 0, SEEK_END));
	CALL(lseek(fd, 0, SEEK_DATA));
	CALL(lseek(fd, 0, SEEK_SET));
	CALL(lseek(fd, 3, SEEK_SET));
	CALL(lseek(fd, -1, SEEK_CUR));
	close(dir);
	close(fd);
}

static void run(void)
{
	look("/proc/self/statm");
	look("/proc/self/smaps");
	look("/proc/self/auxv");
	look("/proc/meminfo");
}
