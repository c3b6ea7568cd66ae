/*
 * The configuration with all it names, as both sides see it: the parent reads the disk, checks everything a worker will
 * need (rules, certificates, keys, trust stores) and records it in a sealed bundle; a worker builds the same from the
 * bundle, without opening a file.
 */
#ifndef CG_PROXY_PROCESS_LOAD_H
#define CG_PROXY_PROCESS_LOAD_H

#include <stdbool.h>

#include "proxy/config/config.h"
#include "proxy/region/region.h"
#include "proxy/tls/tls.h"
#include "rules/base/attributes.h"
#include "rules/base/diagnostic.h"
#include "rules/base/slice.h"

struct loaded {
	struct config *config;
	struct tls_server *tls;	       /* NULL if no listener uses TLS */
	struct tls_client *tls_client; /* NULL if no origin uses TLS */
	struct tls_consent_keys *consent_keys;
	struct disk_loader *disk; /* the parent's: what was read */
	struct bundle *record;	  /* a worker's: the same, from the bundle */
	int bundle;		  /* the parent's: a sealed memfd; -1 in a worker */
	int regions_fd;		  /* likewise, the database of networks; -1: there is none */
	struct regions *regions;  /* a worker's */
};

/*
 * Text of a consent key file with one fresh random key, for configurations that name no file; the parent makes it once,
 * so that consent survives reloads and crashes of workers.
 */
#define CONSENT_KEY_TEXT 65 /* 64 hexadecimal digits and a line end */
void load_make_consent_key(char out[CONSENT_KEY_TEXT]);

/* In the parent, which needs the contexts only to check them: tls and its kin are NULL afterwards. False after errors,
 * all of them in d; *out is then empty. Warnings may be in d in any case. */
CG_WARN_UNUSED bool load_from_disk(struct slice path, const char consent_key[CONSENT_KEY_TEXT], struct loaded *out,
				   struct diagnostics *d);
/*
 * In a worker, from the bundle and, unless it is -1, the database of networks, both of which stay the caller's. Before
 * the worker gives up the file system.
 */
CG_WARN_UNUSED bool load_from_bundle(int fd, int regions_fd, struct loaded *out, struct diagnostics *d);
void loaded_free(struct loaded *l);

/* Copies and tries the database of networks, if the configuration names one. False after errors, which are in d. */
bool load_check_regions(const struct config *config, struct diagnostics *d);

/* True if some listener uses TLS. */
bool config_listens_tls(const struct config *config);

#endif
