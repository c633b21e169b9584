/* What every program of the harness shares: one behaviour per program, facts
 * printed one a line, without addresses and the same from run to run, in units
 * of P (the page size the program is shown) wherever that is possible.
 *
 * A program defines run(); main() here calls it and prints EXIT-SUCCESS last,
 * so that an early end never passes for an answer.
 */
#ifndef HARNESS_H
#define HARNESS_H

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef MAP_FIXED_NOREPLACE
#define MAP_FIXED_NOREPLACE 0x100000
#endif
#ifndef MAP_SHARED_VALIDATE
#define MAP_SHARED_VALIDATE 3
#endif

#define UNUSED __attribute__((unused))
#define MIB (1L << 20)
#define K4 4096L
#define RW (PROT_READ | PROT_WRITE)
#define RX (PROT_READ | PROT_EXEC)
#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)

/* The page size the program is shown. */
static long P;
/* Arguments, for programs that run themselves again. */
static int arg_count;
static char **args;

static void run(void);

/* ---- printing */

static void say(const char *format, ...) __attribute__((format(printf, 1, 2), unused));
static void say(const char *format, ...)
{
	va_list list;

	va_start(list, format);
	vprintf(format, list);
	va_end(list);
	putchar('\n');
}

/* Ends the program: what it wants to ask cannot be asked on this machine. */
#define SKIP(...)                     \
	do {                          \
		printf("SKIP ");      \
		say(__VA_ARGS__);     \
		exit(0);              \
	} while (0)

/* Ends the program: what it needs before its question did not work. */
#define NEED(condition)                                                            \
	do {                                                                       \
		if (!(condition)) {                                                \
			say("line %d: needed %s: %s", __LINE__, #condition,        \
			    strerror(errno));                                      \
			exit(1);                                                   \
		}                                                                  \
	} while (0)

static UNUSED const char *error_name(int number)
{
	static const struct {
		int number;
		const char *name;
	} names[] = {
		{ 0, "0" }, { EPERM, "EPERM" }, { ENOENT, "ENOENT" }, { EINTR, "EINTR" },
		{ ENXIO, "ENXIO" }, { E2BIG, "E2BIG" }, { EBADF, "EBADF" }, { EAGAIN, "EAGAIN" },
		{ ENOMEM, "ENOMEM" }, { EACCES, "EACCES" }, { EFAULT, "EFAULT" }, { EBUSY, "EBUSY" },
		{ EEXIST, "EEXIST" }, { ENODEV, "ENODEV" }, { EINVAL, "EINVAL" }, { EFBIG, "EFBIG" },
		{ ENOSPC, "ENOSPC" }, { ENOSYS, "ENOSYS" }, { EOVERFLOW, "EOVERFLOW" },
		{ EOPNOTSUPP, "EOPNOTSUPP" }, { ETXTBSY, "ETXTBSY" }, { EIO, "EIO" },
	};
	static char other[32];

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (names[i].number == number)
			return names[i].name;
	snprintf(other, sizeof other, "errno %d", number);
	return other;
}

/* A call that returns a number, -1 on error: the call as written, and its answer. */
#define CALL(call)                                                                 \
	do {                                                                       \
		errno = 0;                                                         \
		long result_ = (long)(call);                                       \
		if (result_ == -1)                                                 \
			say("%s = -1 %s", #call, error_name(errno));               \
		else                                                               \
			say("%s = %ld", #call, result_);                           \
	} while (0)

/* A call that returns an address, MAP_FAILED on error. */
#define MAP(call)                                                                  \
	do {                                                                       \
		errno = 0;                                                         \
		void *result_ = (void *)(call);                                    \
		if (result_ == MAP_FAILED)                                         \
			say("%s = -1 %s", #call, error_name(errno));               \
		else                                                               \
			say("%s = %s", #call,                                      \
			    (uintptr_t)result_ % P ? "misaligned" : "mapped");     \
	} while (0)

#define SHOW(expression) say("%s = %ld", #expression, (long)(expression))
#define CHECK(condition) say("%s: %s", #condition, (condition) ? "yes" : "NO")

/* ---- touching memory */

static sigjmp_buf probe_jump;
static volatile sig_atomic_t probe_armed;
static volatile int probe_signal, probe_code;
static char *volatile probe_address;

static void on_fault(int number, siginfo_t *info, void *context)
{
	(void)context;
	if (!probe_armed) {
		signal(number, SIG_DFL);
		return;
	}
	probe_signal = number;
	probe_code = info->si_code;
	probe_address = info->si_addr;
	siglongjmp(probe_jump, 1);
}

static UNUSED void catch_faults(void)
{
	struct sigaction action = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_NODEFER };

	sigaction(SIGSEGV, &action, NULL);
	sigaction(SIGBUS, &action, NULL);
}

enum access { READ_ACCESS, WRITE_ACCESS, EXEC_ACCESS };

/* 0, or the signal that the access raised. A write leaves the byte as it is. */
static UNUSED int probe(volatile char *p, enum access access)
{
	if (sigsetjmp(probe_jump, 1)) {
		probe_armed = 0;
		return probe_signal;
	}
	probe_armed = 1;
	if (access == READ_ACCESS)
		(void)*p;
	else if (access == WRITE_ACCESS)
		__atomic_fetch_or((char *)p, 0, __ATOMIC_RELAXED);
	else
		((void (*)(void))(uintptr_t)p)();
	probe_armed = 0;
	return 0;
}

static UNUSED const char *fault_name(int number)
{
	if (!number)
		return "ok";
	if (number == SIGSEGV)
		return probe_code == SEGV_MAPERR ? "SEGV_MAPERR" :
		       probe_code == SEGV_ACCERR ? "SEGV_ACCERR" : "SEGV with another code";
	return probe_code == BUS_ADRERR ? "BUS_ADRERR" : "BUS with another code";
}

#define ACCESS(word, p, kind)                                                      \
	do {                                                                       \
		char *at_ = (char *)(p);                                           \
		int signal_ = probe(at_, kind);                                    \
		if (signal_)                                                       \
			say(word " %s: %s, si_addr %+ld", #p, fault_name(signal_), \
			    (long)(probe_address - at_));                          \
		else                                                               \
			say(word " %s: ok", #p);                                   \
	} while (0)
#define READ(p) ACCESS("read", p, READ_ACCESS)
#define WRITE(p) ACCESS("write", p, WRITE_ACCESS)
#define EXEC(p) ACCESS("execute", p, EXEC_ACCESS)

/* One letter for a byte: w readable and writable, r readable, - mapped without
 * access, . not mapped, B past the end of its file. */
static UNUSED char state_of(char *p)
{
	int number = probe(p, READ_ACCESS);

	if (number == SIGBUS)
		return 'B';
	if (number)
		return probe_code == SEGV_ACCERR ? '-' : '.';
	return probe(p, WRITE_ACCESS) ? 'r' : 'w';
}

/* A letter for each of n pages from p on, each looked at in 16 places and at
 * its last byte; a page whose parts are not alike shows them in brackets. */
static UNUSED const char *pages(char *p, long n)
{
	static char text[8][1200];
	static unsigned next;
	char *out = text[next++ % 8], *end = out;

	for (long i = 0; i < n && end < out + 1100; i++, p += P) {
		char part[18] = { 0 };

		for (int j = 0; j < 16; j++)
			part[j] = state_of(p + j * (P / 16));
		part[16] = state_of(p + P - 1);
		if (strspn(part, (char[]){ part[0], 0 }) == 17)
			*end++ = part[0];
		else
			end += sprintf(end, "[%s]", part);
	}
	*end = 0;
	return out;
}
#define PAGES(p, n) say("pages of %s: %s", #p, pages(p, n))

/* How many bytes from p on can be accessed, up to max, in steps of P/16. */
static UNUSED long extent(char *p, long max, enum access access)
{
	long n = 0;

	while (n < max && !probe(p + n, access) && !probe(p + n + P / 16 - 1, access))
		n += P / 16;
	return n;
}

/* A byte's value, -1 when it cannot be read. */
static UNUSED int byte(char *p)
{
	return probe(p, READ_ACCESS) ? -1 : *(volatile unsigned char *)p;
}

/* ---- memory to work in */

/* n bytes without access at a multiple of 1 MiB, at least 1 MiB of the same around. */
static UNUSED char *area(long n)
{
	char *p = mmap(NULL, n + 3 * MIB, PROT_NONE, ANON | MAP_NORESERVE, -1, 0);

	NEED(p != MAP_FAILED);
	return (char *)(((uintptr_t)p + 2 * MIB - 1) & ~(uintptr_t)(MIB - 1));
}

/* The same with nothing mapped in its n bytes (a multiple of P). */
static UNUSED char *hole(long n)
{
	char *p = area(n);

	NEED(munmap(p, n) == 0);
	return p;
}

/* The same with its n bytes mapped for reading and writing. */
static UNUSED char *rw_area(long n)
{
	char *p = area(n);

	NEED(mmap(p, n, RW, ANON | MAP_FIXED, -1, 0) == p);
	return p;
}

/* ---- files */

static UNUSED const char *folder(const char *variable, const char *otherwise)
{
	const char *value = getenv(variable);

	return value ? value : otherwise;
}
static UNUSED const char *tmpfs(void) { return folder("ORACLE_TMPFS", "/dev/shm"); }
static UNUSED const char *disk(void) { return folder("ORACLE_DISK", "/var/tmp"); }

/* A new file without a name, opened for reading and writing. */
static UNUSED int new_file(const char *where, long size)
{
	char path[4096];

	snprintf(path, sizeof path, "%s/harness.XXXXXX", where);
	int fd = mkstemp(path);
	NEED(fd >= 0);
	NEED(unlink(path) == 0);
	NEED(ftruncate(fd, size) == 0);
	return fd;
}

/* The byte that fill() leaves at offset: tells pages, sixteenths and bytes apart. */
static UNUSED unsigned char tag(long offset)
{
	return (unsigned char)(1 + offset / (P / 16) % 251);
}

static UNUSED void fill(char *p, long n)
{
	for (long i = 0; i < n; i++)
		p[i] = (char)tag(i);
}

/* A new file of n bytes, each as tag() says. */
static UNUSED int tagged_file(const char *where, long n)
{
	int fd = new_file(where, 0);
	char *content = malloc((size_t)n);

	NEED(content);
	fill(content, n);
	NEED(write(fd, content, (size_t)n) == n);
	free(content);
	return fd;
}

/* How many of n bytes from p on are what fill() leaves, counted from offset on. */
static UNUSED long right_bytes(char *p, long offset, long n)
{
	long right = 0;

	for (long i = 0; i < n; i++)
		right += (unsigned char)p[i] == tag(offset + i);
	return right;
}
#define HOLDS(p, offset, n)                                                        \
	say("%s holds the file from %s on: %s", #p, #offset,                       \
	    right_bytes(p, offset, n) == (n) ? "yes" : "NO")

/* ---- processes */

/* Runs f in a child and says how that ended. */
static UNUSED void in_child(void (*f)(void))
{
	pid_t child = fork();

	NEED(child >= 0);
	if (!child) {
		f();
		fflush(stdout);
		_exit(0);
	}
	int status = -1;
	NEED(waitpid(child, &status, 0) == child);
	if (WIFSIGNALED(status))
		say("child: signal %s", WTERMSIG(status) == SIGSEGV ? "SIGSEGV" :
					WTERMSIG(status) == SIGBUS ? "SIGBUS" : "other");
	else
		say("child: exit %d", WEXITSTATUS(status));
}

/* A "Name: value kB" field of a file in /proc, -1 without it. Without stdio, whose
 * buffers are memory too. */
static UNUSED long proc_field(const char *file, const char *name)
{
	static char text[1 << 16];
	long value = -1, n = 0, got;
	int fd = open(file, O_RDONLY);

	while (fd >= 0 && n < (long)sizeof text - 1 && (got = read(fd, text + n, sizeof text - 1 - n)) > 0)
		n += got;
	text[n] = 0;
	if (fd >= 0)
		close(fd);
	for (char *line = text; line && *line; line = strchr(line, '\n'), line += line != NULL)
		if (!strncmp(line, name, strlen(name)) && line[strlen(name)] == ':') {
			value = atol(line + strlen(name) + 1);
			break;
		}
	return value;
}

int main(int count, char **vector)
{
	static char output[BUFSIZ];

	arg_count = count;
	args = vector;
	P = sysconf(_SC_PAGESIZE);
	/* a buffer of its own: what a program asks of memory must not depend on stdio's */
	setvbuf(stdout, output, _IOLBF, sizeof output);
	catch_faults();
	run();
	puts("EXIT-SUCCESS");
	return 0;
}

#endif
