/* group: shm */
/* What is told of a segment: its size, and who attached it last. To ask changes nothing. */
#include "../harness.h"
#include <sys/shm.h>

static int id;
static pid_t user;

static const char *who(pid_t pid)
{
	return !pid ? "nobody" : pid == getpid() ? "this process" : pid == user ? "the user" : "ANOTHER";
}

static void status(const char *when)
{
	struct shmid_ds data;

	NEED(shmctl(id, IPC_STAT, &data) == 0);
	say("%s: %ld/16 pages, %ld attached, last by %s, attached %s, detached %s, mode %o", when,
	    (long)data.shm_segsz * 16 / P, (long)data.shm_nattch, who(data.shm_lpid),
	    data.shm_atime ? "once" : "never", data.shm_dtime ? "once" : "never", data.shm_perm.mode);
	NEED(data.shm_cpid == getpid() || arg_count > 1);
}

/* The line of /proc/sysvipc/shm, whose columns are as wide as ever. */
static void line(void)
{
	char text[512];
	FILE *file = fopen("/proc/sysvipc/shm", "r");
	long n[16];

	NEED(file && fgets(text, sizeof text, file));
	long width = (long)strlen(text);
	while (fgets(text, sizeof text, file)) {
		char *at = text;
		for (int i = 0; i < 16; i++)
			n[i] = strtol(at, &at, i == 2 ? 8 : 10);
		if (n[1] == id)
			say("in the list: %ld/16 pages, %ld attached, last by %s, attached %s, detached %s, "
			    "resident %ld/16 pages, mode %lo, %s", n[3] * 16 / P, n[6], who((pid_t)n[5]),
			    n[11] ? "once" : "never", n[12] ? "once" : "never", n[14] * 16 / P, n[2],
			    (long)strlen(text) == width ? "as wide as its head" : "OF ANOTHER WIDTH");
	}
	fclose(file);
}

static void run(void)
{
	if (arg_count > 2) {
		id = atoi(args[1]);
		user = atoi(args[2]);
		status("to another program");
		status("once more");
		line();
		return;
	}
	id = shmget(IPC_PRIVATE, (size_t)(P + P / 16), IPC_CREAT | 0600);
	NEED(id >= 0);
	status("new");
	line();
	status("still new");
	fflush(stdout);
	user = fork();
	if (!user) {
		char *p = shmat(id, NULL, 0);
		memset(p, 1, (size_t)(P + P / 16));
		shmdt(p);
		_exit(0);
	}
	NEED(waitpid(user, NULL, 0) == user);
	status("used");
	status("still so");
	line();
	char *p = shmat(id, NULL, 0);
	NEED(p != (void *)-1);
	status("attached");
	line();
	char *q = shmat(id, NULL, SHM_RDONLY);
	NEED(q != (void *)-1);
	status("twice");
	NEED(shmdt(p) == 0 && shmdt(q) == 0);
	status("detached");
	shmctl(id, IPC_RMID, NULL);

	/* what another process did is still known when a third one asks */
	id = shmget(IPC_PRIVATE, (size_t)P, IPC_CREAT | 0600);
	fflush(stdout);
	user = fork();
	if (!user) {
		shmdt(shmat(id, NULL, SHM_RDONLY));
		_exit(0);
	}
	NEED(waitpid(user, NULL, 0) == user);
	fflush(stdout);
	pid_t other = fork();
	if (!other) {
		char number[16], last[16];
		snprintf(number, sizeof number, "%d", id);
		snprintf(last, sizeof last, "%d", (int)user);
		execl("/proc/self/exe", args[0], number, last, NULL);
		_exit(1);
	}
	NEED(waitpid(other, NULL, 0) == other);
	shmctl(id, IPC_RMID, NULL);
}
