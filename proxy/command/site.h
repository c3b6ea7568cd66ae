/* What the commands that try rules out take from a crumbgate.conf: the rules and consent keys of its sites. */
#ifndef CG_PROXY_COMMAND_SITE_H
#define CG_PROXY_COMMAND_SITE_H

#include <stdbool.h>

#include "proxy/config/config.h"
#include "proxy/config/disk_loader.h"
#include "proxy/tls/tls.h"
#include "rules/base/diagnostic.h"
#include "rules/language/loader.h"

/* Loads it without asking the name service for the origins' addresses: nobody is called. NULL after errors. */
struct config *site_config_load(const struct loader *loader, const char *path, struct diagnostics *d);

/* The keys of its consent-keys statement; NULL if it has none (*named false) or after errors. */
struct tls_consent_keys *site_keys_load(const struct loader *loader, const struct config *config, struct diagnostics *d,
					bool *named);

/* A site_rules callback (rules/harness/harness.h); arg is the config. */
const struct ruleset *site_rules_of(void *arg, struct slice host, struct slice *site);

/*
 * The purposes that a user wrote: names with blanks or commas between, "all" or "none"; necessary is added. False after
 * a message on standard error that begins with `command`.
 */
bool site_purposes(const struct ruleset *rs, const char *text, const char *command, purposes *set);

/* Prints all diagnostics to standard error, in colour on a terminal. */
void print_diagnostics(const struct diagnostics *d);

/* True if escapes may be written to this stream: a terminal, and NO_COLOR is not set. */
bool wants_colour(int fd);

#endif
