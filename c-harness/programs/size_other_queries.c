/* group: size */
/* Questions that are not about pages are answered as ever. */
#include "../harness.h"
#include <sys/auxv.h>

static void run(void)
{
	CALL(sysconf(-12345));
	CHECK(sysconf(_SC_NPROCESSORS_ONLN) > 0);
	CHECK(sysconf(_SC_OPEN_MAX) > 0);
	SHOW(sysconf(_SC_VERSION));
	errno = 0;
	CHECK(getauxval(987654) == 0);
	say("its errno: %s", error_name(errno));
	CHECK(getauxval(AT_RANDOM) != 0);
	CHECK(getauxval(AT_UID) == getuid());
}
