/* group: file */
/* A format with a header of 4096 bytes, header and body mapped by themselves. */
#include "../harness.h"

static void run(void)
{
	int fd = tagged_file(disk(), 8 * P);
	char *header = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
	char *body = mmap(NULL, 4 * P, RW, MAP_SHARED, fd, 4096);

	say("header: %s", header == MAP_FAILED ? error_name(errno) : "mapped");
	say("body: %s", body == MAP_FAILED ? error_name(errno) : "mapped");
}
