/* group: fork */
/* The C library's ways to run a command. */
#include "../harness.h"

static void run(void)
{
	char line[64] = "";
	int status = system("exit 3");

	SHOW(WEXITSTATUS(status));
	FILE *f = popen("echo hello", "r");
	NEED(f && fgets(line, sizeof line, f));
	printf("%s", line);
	SHOW(pclose(f));
	char *p = mmap(NULL, P + 1, RW, ANON, -1, 0);
	PAGES(p, 2);
}
