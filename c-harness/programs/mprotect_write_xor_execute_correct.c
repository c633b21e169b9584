/* group: mprotect */
/* Its twin flips pages. */
#include "../harness.h"
#include "../code.h"

static void run(void)
{
	char *p = rw_area(3 * P);

	put_return(p);
	put_return(p + P);
	CALL(mprotect(p, P, RX));
	EXEC(p);
	WRITE(p);
	WRITE(p + P);
	EXEC(p + P);
	CALL(mprotect(p + P, P, RX));
	EXEC(p + P);
	CALL(mprotect(p, P, RW));
	put_return(p + 64);
	EXEC(p);
	CALL(mprotect(p, P, RX));
	EXEC(p + 64);
}
