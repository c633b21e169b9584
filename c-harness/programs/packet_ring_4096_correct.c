/* group: other; needs: glibc */
/* Its twin has blocks of a page. */
#include "../harness.h"
#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <sys/socket.h>

static void run(void)
{
	int fd = socket(AF_PACKET, SOCK_RAW, htons(ETH_P_ALL));
	unsigned block = (unsigned)P;
	struct tpacket_req ring = { .tp_block_size = block, .tp_block_nr = 4, .tp_frame_size = 2048, .tp_frame_nr = block / 2048 * 4 };

	if (fd < 0)
		SKIP("AF_PACKET: %s", error_name(errno));
	CALL(setsockopt(fd, SOL_PACKET, PACKET_RX_RING, &ring, sizeof ring));
	char *p = mmap(NULL, 4 * P, RW, MAP_SHARED, fd, 0);
	NEED(p != MAP_FAILED);
	PAGES(p, 4);
	CALL(munmap(p, 4 * P));
}
