/* group: other; needs: glibc */
/* A packet ring with blocks of 4096 bytes (neuvector). */
#include "../harness.h"
#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <sys/socket.h>

static void run(void)
{
	int fd = socket(AF_PACKET, SOCK_RAW, htons(ETH_P_ALL));
	struct tpacket_req ring = { .tp_block_size = 4096, .tp_block_nr = 8, .tp_frame_size = 2048, .tp_frame_nr = 16 };

	if (fd < 0)
		SKIP("AF_PACKET: %s", error_name(errno));
	CALL(setsockopt(fd, SOL_PACKET, PACKET_RX_RING, &ring, sizeof ring));
	MAP(mmap(NULL, 8 * 4096, RW, MAP_SHARED, fd, 0));
}
