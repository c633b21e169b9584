/* group: file */
/* Descriptors that cannot be mapped. */
#include "../harness.h"

static void run(void)
{
	int ends[2], folder_fd = open("/", O_RDONLY | O_DIRECTORY), null = open("/dev/null", O_RDWR);
	int closed = dup(null), path = open("/proc/self/exe", O_PATH);

	NEED(pipe(ends) == 0 && folder_fd >= 0 && null >= 0 && path >= 0 && close(closed) == 0);
	MAP(mmap(NULL, P, PROT_READ, MAP_PRIVATE, ends[0], 0));
	MAP(mmap(NULL, P, PROT_READ, MAP_PRIVATE, folder_fd, 0));
	MAP(mmap(NULL, P, PROT_READ, MAP_PRIVATE, null, 0));
	MAP(mmap(NULL, P, PROT_READ, MAP_PRIVATE, closed, 0));
	MAP(mmap(NULL, P, PROT_READ, MAP_PRIVATE, -1, 0));
	MAP(mmap(NULL, P, PROT_READ, MAP_PRIVATE, path, 0));
}
