/* group: fork; needs: glibc; env: PAGESIM_FOLLOW=1 */
/* system(3) is a cancellation point: its command ends with it. */
#include "../harness.h"

static void *cancelled(void *command)
{
	int state;

	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state);
	pthread_cancel(pthread_self());
	pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, &state);
	system(command);
	return NULL;
}

static void *cancelled_later(void *command)
{
	system(command);
	return NULL;
}

static void look(const char *how, pthread_t thread)
{
	struct sigaction interrupt;
	void *end;

	NEED(pthread_join(thread, &end) == 0);
	sigaction(SIGINT, NULL, &interrupt);
	int left = waitpid(-1, NULL, WNOHANG);
	say("%s: %s, SIGINT %s, %s", how, end == PTHREAD_CANCELED ? "cancelled" : "not",
	    interrupt.sa_handler == SIG_DFL ? "as before" : "IGNORED",
	    left == -1 && errno == ECHILD ? "no child left" : "A CHILD LEFT");
}

static void run(void)
{
	pthread_t thread;
	char buffer[8] = "", command[64];
	int ready[2];

	/* who runs this in the background may ignore it */
	signal(SIGINT, SIG_DFL);
	NEED(pthread_create(&thread, NULL, cancelled, "exec sleep 100") == 0);
	look("cancelled before", thread);
	NEED(pipe(ready) == 0);
	snprintf(command, sizeof command, "echo >&%d; exec sleep 100", ready[1]);
	NEED(pthread_create(&thread, NULL, cancelled_later, command) == 0);
	NEED(read(ready[0], buffer, sizeof buffer) == 1);
	NEED(pthread_cancel(thread) == 0);
	look("cancelled while it waits", thread);
	SHOW(WEXITSTATUS(system("exit 3")));
}
