/* group: size */
/* A constructor, which runs before main, sees the same page size. */
#include "../harness.h"
#include <sys/auxv.h>

static long early[3];

__attribute__((constructor)) static void ask(void)
{
	early[0] = getpagesize();
	early[1] = sysconf(_SC_PAGESIZE);
	early[2] = (long)getauxval(AT_PAGESZ);
}

static void run(void)
{
	for (int i = 0; i < 3; i++)
		say("asked early: %ld, the same later: %s", early[i], early[i] == P ? "yes" : "NO");
}
