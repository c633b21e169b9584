/* group: eof */
/* A child does not get one of two mappings of the page in which a file ends; the
 * other it gets whole, also after the file was cut. */
#include "../harness.h"

static char *left, *kept;

static void look(void)
{
	READ(left);
	for (int i = 0; i < 16; i += 5)
		READ(kept + 6 * P + i * P / 16);
}

static void run(void)
{
	int fd = new_file(tmpfs(), 10 * P + 10 * P / 16);

	left = mmap(NULL, P, PROT_READ, MAP_SHARED, fd, 10 * P);
	NEED(left != MAP_FAILED);
	SHOW(left[15 * P / 16]);
	NEED(madvise(left, P, MADV_DONTFORK) == 0);
	kept = mmap(NULL, 12 * P, PROT_READ, MAP_SHARED, fd, 4 * P);
	NEED(kept != MAP_FAILED);
	SHOW(kept[6 * P + 15 * P / 16]);
	in_child(look);
	NEED(ftruncate(fd, 9 * P / 16) == 0);
	in_child(look);
	look();
}
