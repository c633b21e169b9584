/* group: proc */
/* Without random addresses the stack lies at the very end of the address space: what is
 * resident of it counts there, too. */
#include "../harness.h"
#include <alloca.h>
#include <sys/personality.h>

#define DEEP (512L << 10)

static void run(void)
{
	if (arg_count < 2) {
		NEED(personality(ADDR_NO_RANDOMIZE) != -1);
		fflush(stdout);
		execl("/proc/self/exe", args[0], "again", (char *)NULL);
		SKIP("exec: %s", error_name(errno));
	}
	long before = proc_field("/proc/self/status", "RssAnon");
	volatile char *deep = alloca(DEEP);
	for (long i = 0; i < DEEP; i += K4)
		deep[i] = 1;
	long grown = proc_field("/proc/self/status", "RssAnon") - before;
	say("deep stack counts: %s", grown * 1024 >= DEEP / 2 ? "yes" : "NO");
}
