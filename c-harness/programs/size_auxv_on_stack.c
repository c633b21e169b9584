/* group: size */
/* The auxiliary vector behind the environment, as runtimes without libc read it. */
#include "../harness.h"
#include <elf.h>

extern char **environ;

static void run(void)
{
	char **end = environ;
	int entries = 0;

	while (*end)
		end++;
	for (unsigned long *aux = (unsigned long *)(end + 1); aux[0] != AT_NULL; aux += 2)
		if (aux[0] == AT_PAGESZ) {
			entries++;
			say("AT_PAGESZ = %lu", aux[1]);
		}
	SHOW(entries);
}
