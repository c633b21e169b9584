/* group: shm */
/* The first line of the list of all segments names its columns. */
#include "../harness.h"

static void run(void)
{
	FILE *list = fopen("/proc/sysvipc/shm", "r");
	char line[512];

	if (!list)
		SKIP("no list of segments");
	NEED(fgets(line, sizeof line, list) == line);
	for (char *name = strtok(line, " \n"); name; name = strtok(NULL, " \n"))
		say("%s", name);
	fclose(list);
}
