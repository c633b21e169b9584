/* group: other */
/* process_vm_readv stops where the page does. */
#include "../harness.h"
#include <sys/uio.h>

static void run(void)
{
	char *p = hole(4 * P), *to = malloc(2 * P);

	NEED(mmap(p, P + 1, RW, ANON | MAP_FIXED, -1, 0) == p && to);
	fill(p, 2 * P);
	struct iovec mine = { to, 2 * P }, its = { p + 2 * P - 100, 200 };
	CALL(process_vm_readv(getpid(), &mine, 1, &its, 1, 0));
	its.iov_base = p + P - 100;
	CALL(process_vm_readv(getpid(), &mine, 1, &its, 1, 0));
	CHECK(memcmp(to, p + P - 100, 200) == 0);
	its.iov_base = p + 2 * P;
	CALL(process_vm_readv(getpid(), &mine, 1, &its, 1, 0));
	its.iov_base = p + 2 * P - 10;
	CALL(process_vm_writev(getpid(), &mine, 1, &its, 1, 0));
}
