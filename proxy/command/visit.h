/* A visit that a command tries out: the rules, the address and the consent that its options name. */
#ifndef CG_PROXY_COMMAND_VISIT_H
#define CG_PROXY_COMMAND_VISIT_H

#include <stdbool.h>

#include "proxy/command/site.h"
#include "rules/harness/exchange.h"

struct visit {
	const char *command; /* "crumbgate explain", in front of messages */
	/* Set from options; each may be NULL, but one of the first two is needed. */
	const char *config_path, *rules_path, *url, *consent;

	struct disk_loader *disk;
	struct diagnostics d;
	struct arena arena;
	struct config *config;
	struct tls_consent_keys *keys;
	struct ruleset *own; /* of rules_path */
	struct guard *guard;
	const struct ruleset *rules;
	struct slice site;
	struct test_case test; /* the exchange as the harness plays it; fields may be added before visit_load() */
	struct prepared x;
};

/* False if memory ran out; visit_free() is due either way. */
bool visit_init(struct visit *v, const char *command);
void visit_free(struct visit *v);

/* Complains on standard error: "COMMAND: what: why". Returns false. */
bool visit_complain(const struct visit *v, const char *what, const char *why);

/*
 * Loads the rules and makes the exchange ready to be played: v->x, with a consent cookie of now if consent was named.
 * False after a message; what is wrong with files is in v->d, which the caller prints.
 */
bool visit_load(struct visit *v);

#endif
