/* group: size */
/* The block size of a file system and the room a file takes, by ioctl(2); and the
 * blocks of a link, which is a file too. */
#include "../harness.h"
#include <sys/ioctl.h>

/* of <linux/fs.h> */
#ifndef FIGETBSZ
#define FIGETBSZ _IO(0, 2)
#endif
#ifndef FIOQSIZE
#define FIOQSIZE 0x5460
#endif

static long block_size(int fd)
{
	int size = -1;

	return ioctl(fd, FIGETBSZ, &size) ? -errno : size;
}

static long room(int fd)
{
	loff_t bytes = -1;

	return ioctl(fd, FIOQSIZE, &bytes) ? -errno : bytes;
}

static void link_of(long length)
{
	char target[512] = { 0 }, path[512];
	struct stat st;

	memset(target, 'a', (size_t)length);
	snprintf(path, sizeof path, "%s/harness.link.%d", tmpfs(), (int)getpid());
	NEED(symlink(target, path) == 0);
	NEED(lstat(path, &st) == 0);
	unlink(path);
	say("a link of %ld: %ld bytes, %ld/16 of a page", length, (long)st.st_size,
	    (long)st.st_blocks * 512 * 16 / P);
}

static void run(void)
{
	int fd = new_file(tmpfs(), 3 * P), pipes[2], proc = open("/proc/self/statm", O_RDONLY);
	int folder = open(tmpfs(), O_RDONLY | O_DIRECTORY), place = open(tmpfs(), O_PATH);

	NEED(pipe(pipes) == 0 && proc >= 0 && folder >= 0 && place >= 0);
	SHOW(block_size(fd) / P);
	SHOW(block_size(folder) / P);
	SHOW(block_size(memfd_create("m", 0)) / P);
	SHOW(block_size(pipes[0]) / P);
	SHOW(block_size(proc));
	SHOW(block_size(place));
	CALL(ioctl(fd, FIGETBSZ, NULL));
	CALL(syscall(SYS_ioctl, -1, FIGETBSZ, NULL));
	SHOW(room(fd));
	NEED(pwrite(fd, "1", 1, 2 * P + P / 2) == 1);
	SHOW(room(fd) * 16 / P);
	NEED(pwrite(fd, "1", 1, 2 * P) == 1);
	SHOW(room(fd) * 16 / P);
	NEED(pwrite(fd, "1", 1, 0) == 1);
	SHOW(room(fd) * 16 / P);
	loff_t bytes = -1;
	SHOW(syscall(SYS_ioctl, fd, FIOQSIZE, &bytes));
	SHOW(bytes * 16 / P);
	SHOW(room(pipes[0]));
	SHOW(room(proc));
	link_of(60);
	link_of(200);
}
