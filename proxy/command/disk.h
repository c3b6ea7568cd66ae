/* Files for commands that look at rules and tests: the loader of rules/ over the disk. */
#ifndef CG_PROXY_COMMAND_DISK_H
#define CG_PROXY_COMMAND_DISK_H

#include <stdbool.h>

#include "rules/base/arena.h"
#include "rules/language/loader.h"

struct disk {
	struct loader loader;
	struct arena arena; /* holds what was read */
};

void disk_init(struct disk *d);
void disk_free(struct disk *d);

#endif
