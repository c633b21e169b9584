/* group: size */
/* Every way to ask for the page size gives the same number. */
#include "../harness.h"
#include <sys/auxv.h>

static void run(void)
{
	SHOW(getpagesize());
	SHOW(sysconf(_SC_PAGESIZE));
	SHOW(sysconf(_SC_PAGE_SIZE));
	SHOW(getauxval(AT_PAGESZ));
}
