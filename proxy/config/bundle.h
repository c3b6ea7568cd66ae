/*
 * Everything the configuration was made from, as one blob: the files that were read, the addresses that names resolved
 * to, and other named blobs. The parent records while it reads and writes the bundle to a memfd; a worker reads the
 * memfd and builds the same configuration from it, without a file or the name service.
 *
 * Format: "CGBUNDL1", then records, then a record of kind 0 without name and data, then the end. A record is its kind
 * (1 octet), the lengths of name and data (4 octets each, little endian), name, data. A reader refuses whatever is cut
 * short, too long, of an unknown kind, or followed by more.
 */
#ifndef CG_PROXY_CONFIG_BUNDLE_H
#define CG_PROXY_CONFIG_BUNDLE_H

#include <stdbool.h>

#include "proxy/config/config.h"
#include "rules/base/attributes.h"
#include "rules/base/slice.h"
#include "rules/language/loader.h"

enum bundle_kind {
	BUNDLE_FILE = 1,  /* name: the path that was asked for */
	BUNDLE_ADDRESSES, /* name: "host:port"; data: a numeric address with port a line */
	BUNDLE_BLOB,	  /* name: whatever the two sides agree on */
};

#define BUNDLE_NAME_MAX 4096
#define BUNDLE_DATA_MAX (64u * 1024 * 1024)  /* of one record */
#define BUNDLE_MAX	(512u * 1024 * 1024) /* of the whole */

struct bundle;

CG_WARN_UNUSED struct bundle *bundle_new(void); /* NULL if memory ran out */
/* Overwrites the data first: it may hold private keys. NULL is fine. */
void bundle_free(struct bundle *b);

/* Adds or replaces; copies both. False if a maximum is passed or memory ran out. */
bool bundle_put(struct bundle *b, enum bundle_kind kind, struct slice name, struct slice data);
/* True if it is there; *data lives until it is replaced or the bundle is freed. */
bool bundle_find(const struct bundle *b, enum bundle_kind kind, struct slice name, struct slice *data);

/* Writes from the current offset of fd; false with errno on failure. */
bool bundle_write(const struct bundle *b, int fd);
/* Reads from offset 0 to the end of the file, whatever the current offset; NULL with *why set if it is no bundle. */
CG_WARN_UNUSED struct bundle *bundle_read(int fd, const char **why);

/* Loads what the bundle holds; anything else does not exist. The bundle must outlive them. */
struct loader bundle_loader(struct bundle *b);
struct config_resolver bundle_resolver(struct bundle *b);
/* Records addresses for bundle_resolver(). */
bool bundle_put_addresses(struct bundle *b, const char *host, uint16_t port, const struct config_address *addresses,
			  size_t n);

#endif
