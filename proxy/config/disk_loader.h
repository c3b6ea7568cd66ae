/*
 * Reads files whole, each once, and records everything it read, so that what was checked is what will be used and can
 * be handed to a worker as a bundle. Names are resolved by the system and recorded likewise.
 */
#ifndef CG_PROXY_CONFIG_DISK_LOADER_H
#define CG_PROXY_CONFIG_DISK_LOADER_H

#include "proxy/config/bundle.h"
#include "proxy/config/config.h"
#include "rules/base/attributes.h"
#include "rules/language/loader.h"

#define DISK_FILE_MAX (64u * 1024 * 1024) /* octets of one file: filter lists are large */

struct disk_loader {
	struct loader loader;		 /* give this to ruleset_load() and its kin */
	struct config_resolver resolver; /* and this to config_load() */
	struct bundle *bundle;		 /* what was read; owned */
};

/* NULL if memory ran out. It must outlive what was loaded through it, and stay where it is. */
CG_WARN_UNUSED struct disk_loader *disk_loader_new(void);
void disk_loader_free(struct disk_loader *d); /* NULL is fine */

/* Where the configuration is if nobody says: crumbgate.conf in this folder if it is there, else /etc/crumbgate's. */
const char *disk_config_path(void);

/* Reads an open file to its end into *out; false with errno (EFBIG above the buffer's maximum). */
bool disk_read_fd(int fd, struct buffer *out);

#endif
