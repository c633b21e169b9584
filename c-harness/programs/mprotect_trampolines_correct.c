/* group: mprotect */
/* Its twin takes a page for the data and a page for the code. */
#include "../harness.h"
#include "../code.h"

static void run(void)
{
	char *p = mmap(NULL, 2 * P, RW, ANON, -1, 0);

	NEED(p != MAP_FAILED);
	char *data = p, *code = p + P;
	put_return(code);
	CALL(mprotect(code, P, RX));
	EXEC(code);
	WRITE(data);
	WRITE(code);
}
