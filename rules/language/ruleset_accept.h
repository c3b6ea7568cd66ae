/*
 * What the rules say of consent that others stored: "accept consent from" and "consent cookie" statements. Part of
 * ruleset.h.
 */
#ifndef CG_RULES_LANGUAGE_RULESET_ACCEPT_H
#define CG_RULES_LANGUAGE_RULESET_ACCEPT_H

#include "rules/consent/foreign/foreign.h"
#include "rules/language/ruleset.h"

/*
 * Categories of a manager, and what is granted if all of them are, denied if one of them is. `grants` 0: they are
 * ignored. A line of a block takes the place of every default that is about one of its purposes or, alone, one of its
 * categories.
 */
struct accept_mapping {
	const struct slice *categories; /* one star in each at most */
	size_t n_categories;
	purposes grants;
	unsigned line; /* in the file of the statement; 0: a default */
};

/* Another name that a block gives to a cookie of the manager. */
struct accept_cookie {
	struct slice name;
	size_t which; /* of manager->cookies: the cookie whose format it has */
};

struct accept_rule {
	struct rule rule;
	const struct foreign_manager *manager;
	const struct accept_mapping *mappings; /* the block's, then defaults */
	size_t n_mappings;
	const struct accept_cookie *cookies;
	size_t n_cookies;
	const unsigned *vendors; /* of "vendor-N" in mappings */
	size_t n_vendors;
	purposes mapped;	       /* what the block's mappings grant: usual words grant none of these */
	purposes kinds[FOREIGN_KINDS]; /* what categories grant that are usual words */
	purposes all;		       /* what is meant where a manager speaks of everything */
};

/* consent cookie NAME matches ... grants|denies ... */
struct consent_cookie_rule {
	struct rule rule;
	struct slice name;
	struct pattern *pattern; /* NULL: `text` is the value; owned by the ruleset */
	struct slice text;
	purposes grants;
	purposes denies;
};

#define CONSENT_SOURCES_MAX 64 /* accepted managers and consent cookies, together */

const struct accept_rule *ruleset_accepts(const struct ruleset *rs, size_t *n);
const struct consent_cookie_rule *ruleset_consent_cookies(const struct ruleset *rs, size_t *n);

/* The index in manager->cookies of the cookie of that name, or -1. */
int accept_rule_carries(const struct accept_rule *a, struct slice cookie_name);

/*
 * The statement that makes a cookie necessary because it carries consent that is read; NULL if there is none, or if a
 * cookie statement spells out its name, which decides then. For the names of crumbgate's own cookie and opt-outs it is
 * not asked.
 */
const struct rule *ruleset_consent_carrier(const struct ruleset *rs, struct pattern_scratch *scratch,
					   struct slice cookie_name);

/* A cookie of that name carries consent that is read, whatever cookie statements say. */
bool ruleset_is_consent_carrier(const struct ruleset *rs, struct slice cookie_name);

/* The names of the cookies that carry consent which is read, a star in some. */
void ruleset_each_consent_carrier(const struct ruleset *rs, void (*f)(void *arg, struct slice name), void *arg);

#endif
