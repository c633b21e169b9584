/* group: mprotect */
/* Trampolines (libobjc2): a page of code and its data in the 4096 bytes before. */
#include "../harness.h"
#include "../code.h"

static void run(void)
{
	char *p = mmap(NULL, 2 * 4096, RW, ANON, -1, 0);

	NEED(p != MAP_FAILED);
	char *data = p, *code = p + 4096;
	put_return(code);
	CALL(mprotect(code, 4096, RX));
	EXEC(code);
	WRITE(data);
}
