/* group: msync */
/* msync(2) is a cancellation point; its neighbours are none. */
#include "../harness.h"

static char *memory;

static void write_back(void) { msync(memory, P, MS_SYNC); }
static void write_back_anonymous(void) { msync(memory + 4 * P, P, MS_ASYNC); }
static void write_back_nothing(void) { msync(memory, 0, MS_ASYNC); }
static void write_back_misaligned(void) { msync(memory + P / 2, P, MS_ASYNC); }
static void map(void) { munmap(mmap(NULL, P, RW, ANON, -1, 0), P); }
static void protect(void) { mprotect(memory, P, PROT_READ); }
static void advise(void) { madvise(memory, P, MADV_NORMAL); }
static void lock(void) { mlock(memory, P); }
static void ask(void) { sysconf(_SC_PAGESIZE); }

static void *cancelled(void *call)
{
	int state;

	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state);
	pthread_cancel(pthread_self());
	pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, &state);
	((void (*)(void))call)();
	return NULL;
}

static void ask_for(const char *name, void (*call)(void))
{
	pthread_t thread;
	void *end;

	NEED(pthread_create(&thread, NULL, cancelled, (void *)call) == 0);
	NEED(pthread_join(thread, &end) == 0);
	say("%s: %s", name, end == PTHREAD_CANCELED ? "cancelled" : "not");
}

static void run(void)
{
	int fd = tagged_file(tmpfs(), 4 * P);

	memory = rw_area(8 * P);
	NEED(mmap(memory, 4 * P, RW, MAP_SHARED | MAP_FIXED, fd, 0) == memory);
	ask_for("msync", write_back);
	ask_for("msync of anonymous memory", write_back_anonymous);
	ask_for("msync of nothing", write_back_nothing);
	ask_for("msync of half a page", write_back_misaligned);
	ask_for("mmap and munmap", map);
	ask_for("mprotect", protect);
	ask_for("madvise", advise);
	ask_for("mlock", lock);
	ask_for("sysconf", ask);
	/* and nothing is left locked */
	CALL(msync(memory, P, MS_SYNC));
	CALL(munmap(memory, 8 * P));
}
