/* The transcript: collected in memory, written by plain write(2). */
#include "diff.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void say(struct ctx *c, const char *format, ...)
{
	va_list ap;
	size_t room = c->out_max - c->out->len;
	va_start(ap, format);
	int n = vsnprintf(c->out->text + c->out->len, room, format, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= room)
		die("the transcript is too long");
	c->out->len += (size_t)n;
}

void out_flush(struct ctx *c)
{
	while (c->out->flushed < c->out->len) {
		ssize_t n = write(1, c->out->text + c->out->flushed, c->out->len - c->out->flushed);
		if (n < 0 && errno != EINTR)
			_exit(98);
		if (n > 0)
			c->out->flushed += (size_t)n;
	}
	c->out->len = c->out->flushed = 0;
}

void die(const char *format, ...)
{
	char b[400];
	va_list ap;
	va_start(ap, format);
	int n = vsnprintf(b, sizeof b - 1, format, ap);
	va_end(ap);
	if (n > 0) {
		b[n < (int)sizeof b - 1 ? n : (int)sizeof b - 2] = '\n';
		n = (int)write(2, b, strlen(b));
	}
	_exit(97);
}

/* pages.units+odd */
void say_arg(struct ctx *c, struct arg a)
{
	long u = a.units % PER_PAGE, p = a.units / PER_PAGE;
	if (u < 0)
		u += PER_PAGE, p--;
	say(c, "%ld", p);
	if (u)
		say(c, ".%ld", u);
	if (a.odd)
		say(c, "%+d", a.odd);
}

void say_where(struct ctx *c, int region, struct arg a)
{
	if (region == HEAP)
		say(c, "heap[");
	else
		say(c, region < ARENAS ? "a%d[" : "s%d[", region < ARENAS ? region : region - ARENAS);
	say_arg(c, a);
	say(c, "]");
}

void say_prot(struct ctx *c, int prot)
{
	if (prot & ~7)
		say(c, "0x%x|", prot & ~7);
	say(c, "%c%c%c", prot & PROT_READ ? 'r' : '-', prot & PROT_WRITE ? 'w' : '-', prot & PROT_EXEC ? 'x' : '-');
}

const char *error_name(int e)
{
	static const struct {
		int e;
		const char *name;
	} names[] = {
		{ EINVAL, "EINVAL" }, { ENOMEM, "ENOMEM" }, { EEXIST, "EEXIST" }, { EFAULT, "EFAULT" },
		{ EAGAIN, "EAGAIN" }, { EPERM, "EPERM" }, { EACCES, "EACCES" }, { EBUSY, "EBUSY" },
		{ ENOSYS, "ENOSYS" }, { ENODEV, "ENODEV" }, { EOVERFLOW, "EOVERFLOW" }, { EBADF, "EBADF" },
		{ EOPNOTSUPP, "EOPNOTSUPP" }, { EFBIG, "EFBIG" }, { EIO, "EIO" }, { ENOSPC, "ENOSPC" },
		{ ENXIO, "ENXIO" }, { E2BIG, "E2BIG" }, { EINTR, "EINTR" }, { EHWPOISON, "EHWPOISON" },
	};
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (names[i].e == e)
			return names[i].name;
	static __thread char other[32];
	snprintf(other, sizeof other, "errno %d", e);
	return other;
}

void say_result(struct ctx *c)
{
	if (c->result == -1)
		say(c, " = %s\n", error_name(c->error));
	else
		say(c, " = %ld%s\n", c->result, c->error == ODD_ERRNO ? "" : " and errno is changed");
}
