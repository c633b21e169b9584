/* group: eof; needs: glibc */
/* Another process makes a file grow and says so through a pipe, which is read by
 * streams of the C library. */
#include "../harness.h"
#include <stdio_ext.h>
#include <wchar.h>

static const char *where;
static char *p;
static int fd, ends[2];
static FILE *f;

/* A file of a quarter page with a touched tail, and a child that fills the page and
 * writes a line. */
static pid_t begin(int buffering)
{
	fd = new_file(where, P / 4);
	p = mmap(NULL, P, RW, MAP_SHARED, fd, 0);
	NEED(p != MAP_FAILED && byte(p + P / 2) == 0 && pipe(ends) == 0);
	pid_t child = fork();
	NEED(child >= 0);
	if (!child) {
		NEED(pwrite(fd, "grown", 5, P / 2) == 5 && write(ends[1], "7 line\n", 7) == 7);
		_exit(0);
	}
	close(ends[1]);
	NEED(f = fdopen(ends[0], "r"));
	setvbuf(f, NULL, buffering, BUFSIZ);
	return child;
}

static void end(const char *name, pid_t child)
{
	say("%s: %.5s", name, p + P / 2);
	NEED(waitpid(child, NULL, 0) == child);
	fclose(f);
	munmap(p, P);
	close(fd);
}

static int with_list(const char *format, ...)
{
	va_list list;

	va_start(list, format);
	int answer = vfscanf(f, format, list);
	va_end(list);
	return answer;
}

#define TOLD(buffering, ...)                         \
	do {                                         \
		pid_t child_ = begin(buffering);     \
		NEED(__VA_ARGS__);                   \
		end(#__VA_ARGS__, child_);           \
	} while (0)

static void all(void)
{
	char text[64], *line = NULL;
	wchar_t wide[64];
	size_t room = 0;
	int n = 0, m = 0;

	TOLD(_IOFBF, fgets(text, sizeof text, f) == text);
	TOLD(_IONBF, fgets_unlocked(text, sizeof text, f) == text);
	TOLD(_IOFBF, getline(&line, &room, f) == 7);
	TOLD(_IONBF, getdelim(&line, &room, ' ', f) == 2);
	TOLD(_IOFBF, fgetc(f) == '7');
	TOLD(_IOFBF, getc(f) == '7');
	TOLD(_IOFBF, getc_unlocked(f) == '7');
	TOLD(_IONBF, fgetc_unlocked(f) == '7');
	TOLD(_IOFBF, fgetwc(f) == L'7');
	TOLD(_IOFBF, fgetws(wide, 64, f) == wide);
	TOLD(_IOFBF, fscanf(f, "%d %63s", &n, text) == 2);
	TOLD(_IOFBF, with_list("%d", &m) == 1);
	SHOW(n + m);
	int old = dup(0);
	TOLD(_IOFBF, dup2(ends[0], 0) == 0 && getchar() == '7' && getchar() == ' ');
	__fpurge(stdin);
	TOLD(_IOFBF, dup2(ends[0], 0) == 0 && scanf("%d %63s", &n, text) == 2);
	__fpurge(stdin);
	TOLD(_IOFBF, dup2(ends[0], 0) == 0 && getchar_unlocked() == '7');
	__fpurge(stdin);
	dup2(old, 0);
	close(old);
}

static void run(void)
{
	where = tmpfs();
	all();
	where = disk();
	all();
}
