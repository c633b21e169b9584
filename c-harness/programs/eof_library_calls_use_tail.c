/* group: eof; needs: glibc */
/* Functions of the C library that hand a program's memory to the kernel, or look at it
 * while all signals are blocked, reach tails that nobody has touched before. */
#include "../harness.h"
#include <linux/capability.h>
#include <mntent.h>
#include <pty.h>
#include <sched.h>
#include <spawn.h>
#include <sys/eventfd.h>
#include <sys/ipc.h>
#include <sys/mount.h>
#include <sys/random.h>
#include <sys/sem.h>
#include <sys/swap.h>
#include <sys/timex.h>
#include <dirent.h>
#include <mqueue.h>
#include <threads.h>
#include <time.h>

extern char **environ;
extern char *__getcwd_chk(char *, size_t, size_t);
extern int capget(cap_user_header_t, cap_user_data_t);
extern void arc4random_buf(void *, size_t);

static int kind;

/* A page of a file that ends at its quarter with `text`. */
static char *page(const char *text)
{
	long n = (long)strlen(text);
	int fd = new_file(kind & 1 ? disk() : tmpfs(), 0);

	NEED(pwrite(fd, text, n, P / 4 - n) == n || n == 0);
	NEED(ftruncate(fd, P / 4) == 0);
	char *p = mmap(NULL, P, RW, kind & 2 ? MAP_PRIVATE : MAP_SHARED, fd, 0);
	NEED(p != MAP_FAILED && close(fd) == 0);
	return p + P / 4;
}

/* Memory in an untouched tail. */
static void *tail(void) { return page("") + P / 4; }
/* A string that ends with the file: its terminator is in the tail. */
static char *string(const char *text) { return page(text) - strlen(text); }

#define REACHES(call)                                                               \
	do {                                                                        \
		errno = 0;                                                          \
		long result_ = (long)(call);                                        \
		say("%s: %s", #call, result_ == EFAULT || (result_ == -1 && errno == EFAULT) ? "EFAULT" : "reached"); \
	} while (0)

static void structures(void)
{
	struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
	int event = eventfd(5, EFD_NONBLOCK), sems = semget(IPC_PRIVATE, 2, 0600), ends[2];
	int root = open("/", O_RDONLY | O_DIRECTORY);
	eventfd_t *count = tail();

	REACHES(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, tail()));
	REACHES(clock_gettime(CLOCK_MONOTONIC, tail()));
	REACHES(getentropy(tail(), 16));
	arc4random_buf(tail(), 64);
	REACHES(getgroups(8, tail()));
	CHECK(__getcwd_chk(tail(), P / 2, P / 2) != NULL);
	REACHES(capget(&header, tail()));
	REACHES(pthread_getname_np(pthread_self(), tail(), 16));
	REACHES(pthread_setname_np(pthread_self(), tail()));
	REACHES(pthread_getaffinity_np(pthread_self(), 128, tail()));
	REACHES(eventfd_read(event, count));
	SHOW(*count);
	CHECK(thrd_sleep(tail(), tail()) == 0);
	REACHES(semctl(sems, 0, GETALL, tail()));
	REACHES(semctl(sems, 0, SETALL, tail()));
	REACHES(semctl(sems, 0, IPC_STAT, tail()));
	REACHES(semctl(sems, 0, IPC_RMID));
	off_t *at = tail();
	CHECK(getdirentries(root, tail(), P / 2, at) > 0);
	REACHES(adjtimex(tail()));
	REACHES(clock_adjtime(CLOCK_REALTIME, tail()));
	REACHES(openpty(&ends[0], &ends[1], NULL, NULL, tail()));
	close(event);
	close(root);
}

static void names(void)
{
	struct dirent **list;

	CHECK(scandir(string("/dev"), &list, NULL, NULL) > 0);
	CHECK(ftok(string("/dev"), 1) != -1);
	CHECK(setmntent(string("/dev/null"), string("r")) != NULL);
	REACHES(umount(string("/nonexistent")));
	REACHES(umount2(string("/nonexistent"), 0));
	REACHES(mount(string("none"), string("/nonexistent"), string("tmpfs"), 0, NULL));
	REACHES(swapon(string("/nonexistent"), 0));
	REACHES(swapoff(string("/nonexistent")));
	REACHES(acct(string("/nonexistent")));
	REACHES(mq_unlink(string("/nonexistent")));
	REACHES(name_to_handle_at(AT_FDCWD, string("/dev"), tail(), tail(), 0));
}

static void spawned(void)
{
	char *const again[] = { args[0], (char *)"child", NULL };
	pid_t *child = tail();
	int status = -1;

	NEED(posix_spawn(child, "/proc/self/exe", tail(), NULL, again, environ) == 0);
	NEED(waitpid(*child, &status, 0) == *child);
	SHOW(WEXITSTATUS(status));
}

static void run(void)
{
	if (arg_count > 1)
		exit(3);
	for (kind = 0; kind < 4; kind++) {
		structures();
		names();
		spawned();
	}
}
