/* group: eof */
/* The functions of timers that the C library calls in threads of its own touch tails. */
#include "../harness.h"
#include <semaphore.h>
#include <time.h>

static sem_t done;

static char *tail(int kind)
{
	/* what is shared with a file on a disk may be zeroed at any time */
	int fd = tagged_file(kind & 1 ? disk() : tmpfs(), P / 4);
	char *p = mmap(NULL, P, RW, kind & 1 ? MAP_PRIVATE : MAP_SHARED, fd, 0);

	NEED(p != MAP_FAILED && close(fd) == 0);
	return p + P / 2;
}

static void called(union sigval value)
{
	*(volatile char *)value.sival_ptr += 1;
	sem_post(&done);
}

static void run(void)
{
	struct itimerspec soon = { .it_value = { 0, 1000 } };

	NEED(sem_init(&done, 0, 0) == 0);
	/* more than one at a time, and more than there can be at a time in a row */
	for (int i = 0; i < 600; i++) {
		char *here = tail(i), *there = tail(i + 1);
		struct sigevent event = { .sigev_notify = SIGEV_THREAD, .sigev_notify_function = called, .sigev_value.sival_ptr = here };
		timer_t one, other;

		NEED(timer_create(CLOCK_MONOTONIC, &event, &one) == 0);
		event.sigev_value.sival_ptr = there;
		NEED(timer_create(CLOCK_MONOTONIC, &event, &other) == 0);
		NEED(timer_settime(one, 0, &soon, NULL) == 0 && timer_settime(other, 0, &soon, NULL) == 0);
		while (sem_wait(&done) != 0 || sem_wait(&done) != 0)
			;
		NEED(timer_delete(one) == 0 && timer_delete(other) == 0);
		if (i < 4 || *here != 1 || *there != 1)
			say("%d: called %d and %d times", i, *here, *there);
		munmap(here - P / 2, P);
		munmap(there - P / 2, P);
	}
	struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1 };
	timer_t plain;
	CALL(timer_create(CLOCK_MONOTONIC, &event, &plain));
	CALL(timer_delete(plain));
	CALL(timer_create(CLOCK_MONOTONIC, NULL, &plain));
	CALL(timer_delete(plain));
	CALL(timer_create(-1, &event, &plain));
	event.sigev_notify = SIGEV_THREAD;
	event.sigev_notify_function = called;
	CALL(timer_create(99, &event, &plain));
}
