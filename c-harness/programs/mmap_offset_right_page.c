/* group: mmap */
/* The page of the file that the offset names is the one that is mapped. */
#include "../harness.h"

static void run(void)
{
	int fd = tagged_file(tmpfs(), 8 * P);

	for (long i = 0; i < 8; i++) {
		char *p = mmap(NULL, P, PROT_READ, i % 2 ? MAP_SHARED : MAP_PRIVATE, fd, i * P);
		NEED(p != MAP_FAILED);
		say("page %ld: %s", i, right_bytes(p, i * P, P) == P ? "right" : "WRONG");
	}
	char *p = mmap(NULL, 5 * P, PROT_READ, MAP_SHARED, fd, 3 * P);
	NEED(p != MAP_FAILED);
	HOLDS(p, 3 * P, 5 * P);
}
