/* group: eof; needs: glibc */
/* A file that grows by wide streams, and by functions that write a stream's buffer on
 * the way, is seen at once where its tail was touched. */
#include "../harness.h"
#include <pwd.h>
#include <stdio_ext.h>
#include <wchar.h>

static int fd;
static long at;
static char *p;
static FILE *f;
static wchar_t *text;

/* A file of a quarter page with a touched tail, and a stream in its middle. */
static void begin(const char *where, int buffering)
{
	static char buffer[4096];
	char path[4096];

	snprintf(path, sizeof path, "%s/harness.XXXXXX", where);
	NEED((fd = mkstemp(path)) >= 0);
	NEED(f = fopen(path, "r+"));
	unlink(path);
	NEED(ftruncate(fd, P / 4) == 0);
	p = mmap(NULL, 2 * P, RW, MAP_SHARED, fd, 0);
	NEED(p != MAP_FAILED);
	(void)*(volatile char *)(p + P - 1);
	setvbuf(f, buffer, buffering, sizeof buffer);
	NEED(fseek(f, at, SEEK_SET) == 0);
}

static void end(const char *name)
{
	char got[4] = { 0 };

	memcpy(got, p + at, 3);
	say("%s: %s", name, got[0] ? got : "nothing");
	fclose(f);
	munmap(p, 2 * P);
	close(fd);
}

static int with_list(const wchar_t *format, ...)
{
	va_list list;

	va_start(list, format);
	int answer = vfwprintf(f, format, list);
	va_end(list);
	return answer;
}

#define GROWN(buffering, write)              \
	do {                                 \
		begin(where, buffering);     \
		write;                       \
		end(#write);                 \
	} while (0)
/* more than a buffer */
#define MANY(call) for (long i_ = 0; i_ < 5000; i_++) call

static void wide(const char *where)
{
	GROWN(_IONBF, NEED(fputwc(L'a', f) == L'a'));
	GROWN(_IONBF, NEED(putwc(L'b', f) == L'b'));
	GROWN(_IONBF, NEED(putwc_unlocked(L'c', f) == L'c'));
	GROWN(_IONBF, NEED(fputws(L"def", f) >= 0));
	GROWN(_IONBF, NEED(fwprintf(f, L"%ls %d %.2f %d %d %d %d", L"ghi", 1, 2.5, 3, 4, 5, 6) == 18));
	GROWN(_IONBF, NEED(with_list(L"%s", "jkl") == 3));
	GROWN(_IOLBF, NEED(fputws(L"mn\n", f) >= 0));
	GROWN(_IOFBF, MANY(fputwc(L'o', f)));
	GROWN(_IOFBF, MANY(fputws(L"p", f)));
	GROWN(_IOFBF, NEED(fwprintf(f, L"%.*ls", 5000, text) == 5000));
	GROWN(_IOFBF, fputws(L"qrs", f); fflush(f));
	GROWN(_IOFBF, fputws(L"tuv", f); rewind(f));
	GROWN(_IOFBF, fputws(L"wx", f); fseek(f, 0, SEEK_SET));
}

static void narrow(const char *where)
{
	struct passwd user = { .pw_name = (char *)"abc", .pw_passwd = (char *)"x", .pw_gecos = (char *)"", .pw_dir = (char *)"/", .pw_shell = (char *)"/" };
	fpos_t place;

	GROWN(_IOFBF, fgetpos(f, &place); fputs("ghi", f); fsetpos(f, &place));
	GROWN(_IOFBF, fputs("abc", f); fseek(f, 0, SEEK_SET));
	GROWN(_IOFBF, fputs("def", f); fseeko(f, 0, SEEK_SET));
	GROWN(_IOFBF, fputs("jkl", f); setbuf(f, NULL));
	GROWN(_IOFBF, fputs("xyz", f); f = freopen("/dev/null", "r", f));
	GROWN(_IOLBF, fputs("mno", f); _flushlbf());
	GROWN(_IONBF, putpwent(&user, f));
	int old = dup(2);
	GROWN(_IONBF, fflush(f); lseek(fd, at, SEEK_SET); dup2(fd, 2); perror("pqr"));
	GROWN(_IONBF, fflush(f); lseek(fd, at, SEEK_SET); dup2(fd, 2); psignal(SIGHUP, "stu"));
	dup2(old, 2);
}

/* A file that fopen cuts has no tail any more where it had one. */
static void cut(const char *where)
{
	char path[4096];

	snprintf(path, sizeof path, "%s/harness.XXXXXX", where);
	NEED((fd = mkstemp(path)) >= 0 && ftruncate(fd, P / 4) == 0);
	p = mmap(NULL, P, RW, MAP_SHARED, fd, 0);
	NEED(p != MAP_FAILED && byte(p + P / 2) == 0);
	NEED((f = fopen(path, "w")) != NULL);
	PAGES(p, 1);
	NEED(fputs("abc", f) >= 0 && fclose(f) == 0);
	PAGES(p, 1);
	NEED((f = fopen("/dev/null", "w")) && freopen(path, "w", f));
	PAGES(p, 1);
	fclose(f);
	unlink(path);
	munmap(p, P);
	close(fd);
}

/* The part of a stream's buffer that is in a tail. */
static void buffer_in_tail(const char *where)
{
	int file = tagged_file(where, P / 2), holder = new_file(where, P / 4);
	char *buffer = mmap(NULL, P, RW, MAP_SHARED, holder, 0), *got = malloc((size_t)P);

	NEED(buffer != MAP_FAILED && got);
	FILE *stream = fdopen(file, "r");
	NEED(stream && lseek(file, 0, SEEK_SET) == 0);
	CHECK(setvbuf(stream, buffer, _IOFBF, (size_t)P) == 0);
	for (long i = 0; i < P / 2; i++)
		got[i] = (char)getc(stream);
	HOLDS(got, 0, P / 2);
	fclose(stream);
}

static void run(void)
{
	at = P * 3 / 4;
	text = calloc(5001, sizeof *text);
	for (long i = 0; i < 5000; i++)
		text[i] = L'z';
	wide(tmpfs());
	wide(disk());
	narrow(tmpfs());
	narrow(disk());
	cut(tmpfs());
	cut(disk());
	buffer_in_tail(tmpfs());
	buffer_in_tail(disk());
}
