/* group: mprotect */
/* A JIT flips half a page (4096) between writable and executable. */
#include "../harness.h"
#include "../code.h"

static void run(void)
{
	char *p = rw_area(2 * P);

	put_return(p);
	put_return(p + 4096);
	CALL(mprotect(p, 4096, RX));
	EXEC(p);
	WRITE(p + 4096);
	CALL(mprotect(p + 4096, 4096, RX));
	EXEC(p + 4096);
}
