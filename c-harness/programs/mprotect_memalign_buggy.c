/* group: mprotect */
/* Memory aligned to 4096 taken for a page (rocksdb). */
#include "../harness.h"

static void run(void)
{
	void *p = NULL;
	/* a neighbour, so that 4096 is not the page size by luck */
	char *block = NULL;

	NEED(posix_memalign((void **)&block, P, 4 * P) == 0);
	NEED(posix_memalign(&p, 4096, 4096) == 0);
	p = block + 4096;
	memset(block, 1, 4 * P);
	CALL(mprotect(p, 4096, PROT_READ));
	WRITE(p);
	WRITE(block + 8192);
}
