/* group: eof; needs: glibc */
/* A file that grows by the C library's streams and asynchronous requests is seen at
 * once where its tail was touched. */
#include "../harness.h"
#include <aio.h>

static int fd;
static char *p;
static FILE *f;

/* A file of a quarter page, its tail touched. */
static void begin(const char *where, const char *mode, int buffering)
{
	static char buffer[4096];
	char path[4096];

	snprintf(path, sizeof path, "%s/harness.XXXXXX", where);
	NEED((fd = mkstemp(path)) >= 0);
	NEED(f = fopen(path, mode));
	unlink(path);
	NEED(ftruncate(fd, P / 4) == 0);
	p = mmap(NULL, 2 * P, RW, MAP_SHARED, fd, 0);
	NEED(p != MAP_FAILED);
	(void)*(volatile char *)(p + P - 1);
	setvbuf(f, buffer, buffering, sizeof buffer);
}

static void end(const char *name, long at)
{
	char got[9] = { 0 };

	memcpy(got, p + at, 8);
	say("%s: %s", name, got[0] ? got : "nothing");
	fclose(f);
	munmap(p, 2 * P);
	close(fd);
}

static void checked(const char *name, long at, int answer)
{
	say("answered %d", answer);
	end(name, at);
}

static void lines(const char *where)
{
	long at = P * 3 / 4;
	int fd2;

	begin(where, "r+", _IONBF);
	fseek(f, at, SEEK_SET);
	checked("fprintf", at, fprintf(f, "%s %d %.2f %c%ld %x %s\n", "abc", 42, 2.5, 'x', 77L, 255, "more"));
	begin(where, "r+", _IONBF);
	fseek(f, at, SEEK_SET);
	checked("fprintf with floats", at,
		fprintf(f, "%.1f %.1f %.1f %.1f %.1f %.1f %.1f %.1f %.1f %.1f %d %d %d %d %d %d %d %Lf\n", 1., 2., 3., 4., 5., 6., 7.,
			8., 9., 10., 1, 2, 3, 4, 5, 6, 7, 1.25L));
	begin(where, "r+", _IONBF);
	lseek(fd, at, SEEK_SET);
	checked("dprintf", at, dprintf(fd, "%s and %d and %f", "dprintf", 12, 1.5));
	begin(where, "r+", _IONBF);
	fseek(f, at, SEEK_SET);
	fputc('c', f);
	end("fputc", at);
	begin(where, "r+", _IONBF);
	fseek(f, at, SEEK_SET);
	putc('p', f);
	end("putc", at);
	begin(where, "r+", _IONBF);
	fseek(f, at, SEEK_SET);
	putc_unlocked('u', f);
	end("putc_unlocked", at);
	begin(where, "r+", _IONBF);
	fseek(f, at, SEEK_SET);
	fputs("a string", f);
	end("fputs", at);
	begin(where, "r+", _IOFBF);
	fseek(f, at, SEEK_SET);
	for (int i = 0; i < 4096 + 1; i++)
		putc('a' + i % 26, f);
	end("putc through a buffer", at);
	begin(where, "r+", _IOLBF);
	fseek(f, at, SEEK_SET);
	for (const char *c = "a line\n"; *c; c++)
		putc(*c, f);
	end("putc of a line", at);
	begin(where, "r+", _IOFBF);
	fseek(f, at, SEEK_SET);
	for (int i = 0; i < 600; i++)
		fprintf(f, "%7d\n", i);
	end("fprintf through a buffer", at);
	/* standard output */
	begin(where, "r+", _IONBF);
	fflush(stdout);
	NEED((fd2 = dup(1)) >= 0 && dup2(fd, 1) == 1);
	lseek(1, at, SEEK_SET);
	int n = printf("%s by printf %g\n", "line", 1e10);
	int seen = p[at];
	fflush(stdout);
	lseek(1, at + P, SEEK_SET);
	puts("line");
	int other = p[at + P];
	fflush(stdout);
	NEED(dup2(fd2, 1) == 1);
	say("printf: %d %d, puts: %d", n, seen, other);
	end("standard output", at);
}

static void requests(const char *where)
{
	char text[] = "asynchronous";
	struct aiocb a = { 0 };
	const struct aiocb *list[] = { &a };

	for (int i = 0; i < 2; i++) {
		begin(where, "r+", _IONBF);
		a = (struct aiocb){ .aio_fildes = fd, .aio_buf = text, .aio_nbytes = sizeof text, .aio_offset = P / 2 };
		NEED(aio_write(&a) == 0);
		if (i == 0)
			NEED(aio_suspend(list, 1, NULL) == 0);
		else
			while (aio_error(&a) == EINPROGRESS)
				;
		end(i ? "aio_error" : "aio_suspend", P / 2);
	}
	/* a buffer in a tail that nobody has touched */
	int other = tagged_file(where, 100);
	char *q = mmap(NULL, P, RW, MAP_SHARED, other, 0);
	begin(where, "r+", _IONBF);
	NEED(pwrite(fd, "12345678", 8, 0) == 8);
	a = (struct aiocb){ .aio_fildes = fd, .aio_buf = q + P - 8, .aio_nbytes = 8 };
	NEED(aio_read(&a) == 0 && aio_suspend(list, 1, NULL) == 0);
	say("aio_read: %ld %.8s", (long)aio_return(&a), q + P - 8);
	end("it", 0);
}

static void run(void)
{
	lines(tmpfs());
	requests(tmpfs());
	lines(disk());
	requests(disk());
}
