/* group: eof; needs: glibc */
/* Paths, lists of strings and structures that point to others, all of them in tails
 * that nobody has touched (they were stored through the other mapping of the file). */
#include "../harness.h"
#include <dirent.h>
#include <net/if.h>
#include <spawn.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/sendfile.h>
#include <sys/statvfs.h>
#include <sys/sysinfo.h>
#include <sys/uio.h>
#include <sys/utsname.h>
#include <sys/vfs.h>
#include <sys/xattr.h>
#include <utime.h>

/* n bytes at the end of a tail, filled from another mapping of the same tail. */
static void *there(const void *content, long n)
{
	int fd = tagged_file(tmpfs(), 100);
	char *p = mmap(NULL, P, RW, MAP_SHARED, fd, 0), *q = mmap(NULL, P, RW, MAP_SHARED, fd, 0);

	NEED(p != MAP_FAILED && q != MAP_FAILED);
	close(fd);
	if (content)
		memcpy(q + P - n, content, (size_t)n);
	return p + P - n;
}
static char *string(const char *s) { return there(s, (long)strlen(s) + 1); }
#define PLACE(type) ((type *)there(NULL, (long)sizeof(type)))

static char path[4096];
#define NAME (string(path))

static void paths(void)
{
	struct stat st;
	struct statvfs vfs;
	struct statfs fs;
	int fd;

	snprintf(path, sizeof path, "%s/a file", tmpfs());
	CALL(fd = open(NAME, O_RDWR | O_CREAT, 0600) >= 0);
	CALL(access(NAME, R_OK));
	CALL(stat(NAME, &st));
	CALL(stat(path, PLACE(struct stat)));
	CALL(statvfs(NAME, &vfs));
	CALL(statfs(NAME, &fs));
	CALL(statfs(path, PLACE(struct statfs)));
	CALL(chmod(NAME, 0644));
	CALL(truncate(NAME, 1000));
	CALL(utime(NAME, NULL));
	CALL(pathconf(NAME, _PC_NAME_MAX));
	CALL(syscall(SYS_statfs, NAME, PLACE(struct statfs)));
	FILE *f;
	CALL((f = fopen(NAME, string("r+"))) != NULL);
	char *buffer = there(NULL, 1024);
	CALL(setvbuf(f, buffer, _IOFBF, 1024));
	CALL(fputs("some text that goes through a buffer in a tail\n", f) >= 0);
	CALL(fclose(f));
	CALL((f = fopen(path, "r")) != NULL);
	CALL(setvbuf(f, there(NULL, 1024), _IOFBF, 1024));
	char line[100];
	CALL(fgets(line, sizeof line, f) != NULL);
	printf("%s", line);
	CALL((f = freopen(NAME, "r", f)) != NULL);
	CALL(fclose(f));
	CALL(remove(NAME));
	CALL(mkfifo(NAME, 0600));
	CALL(unlink(NAME));
	CALL(mkdir(NAME, 0700));
	DIR *d;
	CALL((d = opendir(NAME)) != NULL);
	CALL(closedir(d));
	fd = open(path, O_RDONLY | O_DIRECTORY);
	CALL(syscall(SYS_getdents64, fd, there(NULL, 4000), 4000L) > 0);
	CALL(rmdir(NAME));
	CALL(chdir(string("/")));
	(void)fd;
}

static void programs(void)
{
	char *said = string("said by the program"), *a[] = { string("sh"), string("-c"), string("echo $WORD, $0"), said, NULL };
	char *e[] = { string("WORD=a word of the environment"), NULL };
	char **arguments = there(a, sizeof a), **environment = there(e, sizeof e);
	int status;
	pid_t child;

	fflush(stdout);
	if (!(child = fork())) {
		execve("/bin/sh", arguments, environment);
		_exit(errno == EFAULT ? 77 : 78);
	}
	NEED(waitpid(child, &status, 0) == child);
	say("execve: %d", status);
	char *b[] = { string("sh"), string("-c"), string("echo $WORD, $0"), string("spawned"), NULL };
	char *c[] = { string("WORD=another word"), NULL };
	int answer = posix_spawn(&child, string("/bin/sh"), NULL, NULL, there(b, sizeof b), there(c, sizeof c));
	NEED(waitpid(child, &status, 0) == child);
	say("posix_spawn: %d", answer);
	say("%d", status);
	if (!(child = vfork())) {
		execv("/bin/sh", there((char *[]){ string("sh"), string("-c"), string("echo vforked"), NULL }, 4 * sizeof(char *)));
		_exit(79);
	}
	NEED(waitpid(child, &status, 0) == child);
	say("execv: %d", status);
}

static void nested(void)
{
	int s = socket(AF_INET, SOCK_DGRAM, 0), fd = open(path, O_RDWR | O_CREAT, 0600);

	if (s >= 0) {
		struct ifconf list = { .ifc_len = 1000, .ifc_buf = there(NULL, 1000) };
		CALL(ioctl(s, SIOCGIFCONF, there(&list, sizeof list)));
	}
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_len = 10 };
	CALL(fcntl(fd, F_GETLK, there(&lock, sizeof lock)));
	CALL(fcntl(fd, F_SETLK, there(&lock, sizeof lock)));
	char text[] = "0123456789", got[11] = "";
	struct iovec mine = { there(NULL, 10), 10 }, theirs = { there(text, 10), 10 };
	CALL(process_vm_readv(getpid(), there(&mine, sizeof mine), 1, there(&theirs, sizeof theirs), 1, 0));
	memcpy(got, mine.iov_base, 10);
	say("%s", got);
	mine.iov_base = there(text, 10);
	theirs.iov_base = there(NULL, 10);
	CALL(process_vm_writev(getpid(), &mine, 1, &theirs, 1, 0));
	memcpy(got, theirs.iov_base, 10);
	say("%s", got);
	CALL(fsetxattr(fd, string("user.name"), string("value"), 5, 0) == 0 || errno == EOPNOTSUPP);
	CALL(uname(PLACE(struct utsname)));
	CALL(sysinfo(PLACE(struct sysinfo)));
	CALL(getrlimit(RLIMIT_NOFILE, PLACE(struct rlimit)));
	CALL(getrusage(RUSAGE_SELF, PLACE(struct rusage)));
	CALL(syscall(SYS_uname, PLACE(struct utsname)));
	loff_t zero = 0;
	CALL(pwrite(fd, text, 10, 0));
	int out[2];
	NEED(pipe(out) == 0);
	CALL(sendfile(out[1], fd, there(&zero, sizeof zero), 10));
	CALL(splice(fd, there(&zero, sizeof zero), out[1], NULL, 5, 0));
	CALL(read(out[0], got, 10));
	say("%s", got);
	CALL(copy_file_range(fd, there(&zero, sizeof zero), fd, there((loff_t[]){ 100 }, sizeof zero), 10, 0));
	close(fd);
	unlink(path);
}

static void run(void)
{
	paths();
	programs();
	nested();
}
