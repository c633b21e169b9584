/* group: proc */
/* /proc/self/auxv says what getauxval says. */
#include "../harness.h"
#include <elf.h>
#include <sys/auxv.h>

static void run(void)
{
	unsigned long aux[128] = { 0 };
	int fd = open("/proc/self/auxv", O_RDONLY), found = 0;

	NEED(fd >= 0 && read(fd, aux, sizeof aux - 2 * sizeof *aux) > 0);
	for (unsigned long *a = aux; a[0] != AT_NULL; a += 2)
		if (a[0] == AT_PAGESZ) {
			found++;
			CHECK((long)a[1] == P);
		} else if (a[0] == AT_UID)
			CHECK(a[1] == getauxval(AT_UID));
	SHOW(found);
}
