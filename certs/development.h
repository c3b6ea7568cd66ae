/*
 * A certificate authority of one's own and certificates by it, for trying things out: ECDSA P-256, made in memory.
 */
#ifndef CG_CERTS_DEVELOPMENT_H
#define CG_CERTS_DEVELOPMENT_H

#include "certs/certs.h"

#define CERTS_DEV_CA_DAYS   3650
#define CERTS_DEV_LEAF_DAYS 397 /* browsers refuse more */
#define CERTS_DEV_NAMES_MAX 64

/* All in PEM; owned. The keys are wiped when freed. */
struct certs_dev {
	struct buffer ca;
	struct buffer ca_key;
	struct buffer chain;
	struct buffer key;
};

void certs_dev_init(struct certs_dev *dev);
void certs_dev_free(struct certs_dev *dev);

/*
 * A certificate and key for these names (hosts, "*.host", addresses; at least one) into chain and key, by the authority
 * in ca and ca_key; if both are empty, an authority is made first. now: Unix time. NULL, or what went wrong.
 */
const char *certs_dev_make(struct certs_dev *dev, const struct slice *names, size_t n, int64_t now);

/* The same with the ends of validity chosen: tests need expired ones. */
const char *certs_dev_make_between(struct certs_dev *dev, const struct slice *names, size_t n, int64_t from,
				   int64_t to);

/* True for a host name, "*." and one, or an IP address: what a certificate can be made for. */
bool certs_dev_name_ok(struct slice name);

/*
 * Writes a file so that it is there whole or not at all. mode: of the file, 0600 for keys. replace: an existing file
 * may be replaced. NULL, or what went wrong.
 */
const char *certs_write_file(const char *path, struct slice content, unsigned mode, bool replace);

#endif
