/* One mmap(2), as the groups ask for it. */
#ifndef MAP_H
#define MAP_H
#include "diff.h"

enum where { ANYWHERE, HINT, FIXED, NOREPLACE };
struct request {
	enum where where;
	int region; /* of the address, unless ANYWHERE */
	struct arg from, len;
	int prot, flags; /* flags without the kind of address */
	int file, how;
	struct arg offset;
};
/* Asks, tells, and keeps region and model up to date. */
void map_request(struct ctx *, const struct request *);
void pick_address(struct ctx *, struct request *, long pages);
/* MAP_ANONYMOUS with the extras that change nothing that is looked at. */
int pick_anonymous(struct ctx *);
#endif
