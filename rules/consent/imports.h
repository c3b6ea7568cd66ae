/*
 * Consent that others stored: the cookies of accepted consent managers, and those that `consent cookie` statements
 * name, read and mapped to the site's purposes.
 *
 * A "no" counts always, be it only a default; a "yes" only if the visitor acted. Of one source and of several, denied
 * beats granted. What is unreadable says nothing; where something was lost to a limit it is taken as denied.
 */
#ifndef CG_RULES_CONSENT_IMPORTS_H
#define CG_RULES_CONSENT_IMPORTS_H

#include "rules/base/arena.h"
#include "rules/http/field.h"
#include "rules/language/ruleset_accept.h"

/* What one source says. */
struct import {
	struct slice name;		  /* of the manager as rules write it, or of the cookie */
	const char *title;		  /* for people; NULL: a consent cookie */
	const struct rule *rule;	  /* the statement that accepts it */
	const struct accept_rule *accept; /* NULL: a consent cookie */
	bool present;			  /* a cookie of it was sent */
	bool acted;			  /* the visitor acted: what it grants counts */
	bool lost;			  /* something was lost to a limit */
	unsigned cookies, unreadable;
	purposes granted, denied;	  /* as stored; disjoint. Without acted the first does not count */
	const struct foreign_entry *said; /* by category, in the order of the cookies */
	size_t n_said;
	enum foreign_state all; /* what was said of everything */
	bool rest_denied;	/* what is not mentioned was not granted */
};

/* What all sources say together. */
struct imports {
	struct import v[CONSENT_SOURCES_MAX];
	size_t n;
	purposes granted; /* by a source where the visitor acted, and denied by none */
	purposes denied;
	purposes refused; /* of denied: by a source where the visitor acted */
	bool acted;	  /* there is a decision among what counts */
	uint64_t sources; /* bit i: v[i] says something that counts */
	bool failed;	  /* memory ran out: everything optional is denied */
};

/* Reads all sources, in the order of accept statements, then consent cookies. What out holds lives in the arena. */
void imports_read(const struct ruleset *rs, struct pattern_scratch *scratch, const struct fields *request,
		  struct arena *arena, struct imports *out);
/* There are statements about such consent. */
bool imports_wanted(const struct ruleset *rs);
/* The statement of source i; NULL if there is none. */
const struct rule *import_rule(const struct ruleset *rs, size_t i);
/* The name of source i, as `sources` counts them; the empty slice if there is none. *is_cookie: it is that of a cookie.
 */
struct slice import_name(const struct ruleset *rs, size_t i, bool *is_cookie);

#endif
