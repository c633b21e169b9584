/* group: eof */
/* SQLite's shared memory file grows by 32K at a time, and regions smaller than a
 * page are mapped several at once. */
#include "../harness.h"

static void run(void)
{
	enum { REGION = 32768 };
	int fd = new_file(disk(), 0);
	long each = P <= REGION ? 1 : P / REGION, wrong = 0;
	char *region[8] = { 0 };

	for (long i = 0; i < 8; i += each) {
		NEED(ftruncate(fd, (i + each) * REGION) == 0);
		char *p = mmap(NULL, each * REGION, RW, MAP_SHARED, fd, i * REGION);
		NEED(p != MAP_FAILED);
		for (long j = 0; j < each; j++)
			region[i + j] = p + j * REGION;
	}
	for (long i = 0; i < 8; i++)
		region[i][0] = region[i][REGION - 1] = (char)(i + 1);
	for (long i = 0; i < 8; i++) {
		char b[2];
		wrong += pread(fd, b, 1, i * REGION) != 1 || pread(fd, b + 1, 1, (i + 1) * REGION - 1) != 1 ||
			 b[0] != i + 1 || b[1] != i + 1;
	}
	SHOW(wrong);
}
