/* group: size */
/* prctl(2) tells the auxiliary vector as well (Linux 6.4). */
#include "../harness.h"
#include <elf.h>
#include <sys/prctl.h>

#ifndef PR_GET_AUXV
#define PR_GET_AUXV 0x41555856
#endif

static unsigned long vector[128];

static void look(const char *how, long told, unsigned long room)
{
	unsigned long copied = told < (long)room ? (unsigned long)told : room;
	long size = -1;

	for (unsigned long i = 0; i < copied / sizeof(long) / 2; i++)
		if (vector[2 * i] == AT_PAGESZ)
			size = (long)vector[2 * i + 1];
	say("%s: AT_PAGESZ is P: %s", how, size == P ? "yes" : size < 0 ? "not there" : "NO");
	memset(vector, 0, sizeof vector);
}

static void run(void)
{
	long whole = prctl(PR_GET_AUXV, vector, sizeof vector, 0, 0);

	if (whole < 0)
		SKIP("no PR_GET_AUXV: %s", error_name(errno));
	look("prctl", whole, sizeof vector);
	CHECK(prctl(PR_GET_AUXV, vector, 2 * sizeof(long), 0, 0) == whole);
	look("room for one entry", whole, 2 * sizeof(long));
	look("system call", syscall(SYS_prctl, PR_GET_AUXV, vector, sizeof vector, 0, 0), sizeof vector);
	CALL(prctl(PR_GET_AUXV, NULL, sizeof vector, 0, 0));
	CALL(prctl(PR_GET_AUXV, vector, sizeof vector, 1, 0));
}
