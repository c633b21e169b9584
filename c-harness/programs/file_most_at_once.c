/* group: file */
/* One read or write takes 2 GiB less one page at most. */
#include "../harness.h"
#include <sys/sendfile.h>

#define GIB (1L << 30)

/* How much less than 2 GiB, in pages. */
static long less(long done)
{
	return done < 0 ? -errno : (2 * GIB - done) / P;
}

static void run(void)
{
	volatile size_t all = (size_t)-1;
	int null = open("/dev/null", O_RDWR);
	char *memory = mmap(NULL, 4 * GIB, PROT_READ, ANON | MAP_NORESERVE, -1, 0);

	NEED(null >= 0);
	if (memory == MAP_FAILED)
		SKIP("no room: %s", error_name(errno));
	SHOW(less(write(null, memory, 3 * GIB)));
	SHOW(less(pwrite(null, memory, 3 * GIB, 0)));
	SHOW(less(syscall(SYS_write, null, memory, 3 * GIB)));
	SHOW(less(write(null, memory, 2 * GIB - 1)));
	SHOW(less(write(null, memory, 2 * GIB - P)));
	SHOW(less(write(null, memory, 2 * GIB - 2 * P)));
	SHOW(less(write(null, memory, all)));
	SHOW(less(write(null, (char *)(1L << 62), 3 * GIB)));
	SHOW(less(write(-1, memory, 3 * GIB)));
	/* nothing is read, whatever is asked for */
	SHOW(read(null, memory, 3 * GIB));
	/* holes take no room */
	int holes = new_file(tmpfs(), 3 * GIB);
	SHOW(less(sendfile(null, holes, NULL, 3 * GIB)));
	SHOW(lseek(holes, 0, SEEK_CUR) / P * P == 2 * GIB - P);
}
