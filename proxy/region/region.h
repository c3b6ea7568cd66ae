/*
 * Where a visitor is, by a database of networks: an MMDB file that the operator has, read by libmaxminddb. The parent
 * copies the file into memory that nobody can change and that all workers share; a worker maps it before it gives up
 * the file system.
 */
#ifndef CG_PROXY_REGION_REGION_H
#define CG_PROXY_REGION_REGION_H

#include <sys/socket.h>

#include "rules/base/attributes.h"
#include "rules/base/slice.h"

/* "US", "US-CA": ISO 3166-1 alpha-2 with an ISO 3166-2 subdivision of up to three characters. */
#define REGION_MAX 6

struct regions;

/*
 * A sealed memfd with the file's octets; -1 with *why, which is static text or that of errno. Files of more than
 * REGIONS_FILE_MAX octets are refused.
 */
#define REGIONS_FILE_MAX (1024u * 1024 * 1024)
int regions_copy(const char *path, const char **why);

/* Maps what regions_copy() made; the fd stays the caller's and may be closed. NULL with *why. Needs /proc. */
CG_WARN_UNUSED struct regions *regions_open(int fd, const char **why);
void regions_free(struct regions *r); /* NULL is fine */

/*
 * The region of an address, written to out: the country with its first subdivision, the country alone, or empty if the
 * database does not know. Takes a bounded number of steps and no memory.
 */
struct slice regions_find(const struct regions *r, const struct sockaddr *address, char out[REGION_MAX]);

/*
 * The region that codes name, in upper case: country "us" and subdivision "ca" or "US-CA" are "US-CA". A country that
 * is no code of two letters gives the empty slice; a subdivision that is none is left out.
 */
struct slice region_of_codes(struct slice country, struct slice subdivision, char out[REGION_MAX]);

#endif
