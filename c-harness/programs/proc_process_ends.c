/* group: proc */
/* An open file of a process that has ended says so. */
#include "../harness.h"
#include <sys/uio.h>

static const char *const names[] = { "statm", "stat", "status", "smaps_rollup", "auxv" };
enum { NAMES = sizeof names / sizeof *names };

static void run(void)
{
	char text[4096], path[64];
	struct iovec part = { text, sizeof text };
	int fds[NAMES], fresh[NAMES];
	pid_t child = fork();

	NEED(child >= 0);
	if (!child) {
		pause();
		_exit(0);
	}
	for (int i = 0; i < NAMES; i++) {
		snprintf(path, sizeof path, "/proc/%d/%s", (int)child, names[i]);
		fds[i] = open(path, O_RDONLY);
		fresh[i] = open(path, O_RDONLY);
		NEED(fds[i] >= 0 && fresh[i] >= 0);
		say("%s: %s", names[i], read(fds[i], text, sizeof text) > 0 ? "read" : error_name(errno));
	}
	kill(child, SIGKILL);
	NEED(waitpid(child, NULL, 0) == child);
	/* whatever else was read meanwhile */
	int zero = open("/dev/zero", O_RDONLY);
	for (int i = 0; i < 1000; i++)
		NEED(read(zero, text, 1) == 1);
	for (int i = 0; i < 3; i++) {
		say("%s:", names[i]);
		CALL(lseek(fds[i], 0, SEEK_SET));
		CALL(read(fds[i], text, sizeof text));
		CALL(pread(fds[i], text, sizeof text, 0));
		CALL(read(fresh[i], text, sizeof text));
		CALL(readv(fresh[i], &part, 1));
		snprintf(path, sizeof path, "/proc/%d/%s", (int)child, names[i]);
		CALL(open(path, O_RDONLY));
	}

	/* pages and kB are whole pages all the same */
	SHOW(proc_field("/proc/self/smaps_rollup", "Rss") * 1024 % P);
	SHOW(proc_field("/proc/self/status", "VmRSS") * 1024 % P);
}
