/*
 * A visitor's consent, resolved once per exchange from what the request carries. Pure: time, region and the keyed
 * hash come in from outside.
 *
 * Strongest first: necessary is granted; an opt-out cookie denies its purposes, however many copies or contradicting
 * copies are sent; signals deny; crumbgate's own signed cookie, if authentic, of this site, of the current policy
 * version and not expired, decides, but for what the visitor refused with an accepted consent manager since then; else
 * what those stored (imports.h): a "no" always, a "yes" if the visitor acted; what they leave open is undecided: what
 * the policy grants in the visitor's region.
 *
 * Other managers' cookies tell no time that could be trusted. So the signed cookie holds what was refused with them
 * when it was made: what is refused now and is not in there was refused later.
 */
#ifndef CG_RULES_CONSENT_CONSENT_H
#define CG_RULES_CONSENT_CONSENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rules/base/arena.h"
#include "rules/base/slice.h"
#include "rules/consent/names.h"
#include "rules/http/field.h"
#include "rules/language/ruleset.h"

enum consent_source {
	CONSENT_UNDECIDED, /* nothing said: the policy's default */
	CONSENT_SIGNED,	   /* crumbgate's own signed cookie */
	CONSENT_FOREIGN,   /* what other consent managers stored, or a cookie that the rules name */
};

/*
 * What became of the signed cookie(s) of the request. Of several copies the first good one counts; if none is good, the
 * state is that of the first. Only the first four are looked at, since each costs a keyed hash.
 */
enum consent_token_state {
	CONSENT_TOKEN_ABSENT,
	CONSENT_TOKEN_GOOD,
	CONSENT_TOKEN_MALFORMED,
	CONSENT_TOKEN_FORGED,	  /* the keyed hash does not match: another key, another site, or altered */
	CONSENT_TOKEN_EXPIRED,	  /* older than policy.remember, or decided over a minute in the future */
	CONSENT_TOKEN_OLD_POLICY, /* of another policy version */
};

/* How the visitor decided; a letter behind the version of the signed cookie. */
enum consent_method {
	CONSENT_METHOD_UNKNOWN, /* none: made by a command, or by crumbgate 0.1 */
	CONSENT_BY_BANNER,	/* b */
	CONSENT_BY_PREFERENCES, /* p: the preferences page */
	CONSENT_BY_PLACEHOLDER, /* e: "always allow" where an embed was held back */
	CONSENT_BY_WITHDRAWAL,	/* w */
};

struct consent {
	purposes granted; /* PURPOSE_NECESSARY is always in */
	purposes allowed; /* what would be, if no opt-out and no signal denied anything */
	bool decided;	  /* the visitor decided; false: a default */
	enum consent_source source;
	enum consent_token_state token;
	int64_t decided_at; /* Unix time, of a decision */
	purposes chosen;    /* of a decision: what the visitor granted, before anything denied it */
	struct slice value; /* of a decision: the signed cookie's value, a part of the request */
	purposes denied_by_opt_out;
	purposes denied_by_signal;
	bool announced; /* an opt-out that the origin is to be told of by Sec-GPC */
	/*
	 * Of CONSENT_FOREIGN: what others stored, as far as it counts. Disjoint; what is in neither is undecided. Of
	 * CONSENT_SIGNED the second is what was refused since.
	 */
	purposes granted_by_foreign;
	purposes denied_by_foreign;
	purposes refused_elsewhere;	   /* what the visitor refused with others, whether it counts or not */
	uint64_t foreign_sources;	   /* which of them, as import_name() counts (imports.h) */
	const struct rule *opt_out_rule;   /* the one that denied, or NULL */
	const struct rule *signal_rule;	   /* likewise */
	const struct rule *undecided_rule; /* the policy or region rule used when undecided, or NULL */
};

/*
 * Keyed hash: HMAC-SHA-256 by the proxy, anything keyed in tests. Key 0 is the current one, used for signing; higher
 * indexes are older ones still accepted. mac() fails (false) for an index beyond the last.
 */
#define CONSENT_MAC_SIZE 32
struct consent_mac {
	void *arg;
	bool (*mac)(void *arg, size_t key, struct slice data, unsigned char out[CONSENT_MAC_SIZE]);
};
#define CONSENT_KEYS_MAX 4

/* The name in force for this visitor. */
struct slice consent_cookie_name(bool secure);
/* True for either name: such cookies are never forwarded, and an origin may not set them. */
bool consent_cookie_is(struct slice name);

struct consent_query {
	const struct ruleset *rules;
	const struct consent_mac *mac; /* NULL: no signed cookie is accepted */
	struct slice site;	       /* the site's name: the first of its `site` statement */
	struct slice region;	       /* "US", "US-CA": ISO 3166 in upper case; empty if unknown */
	bool secure;
	int64_t now;
	enum consent_method method;	 /* for consent_token_make() alone */
	purposes refused_elsewhere;	 /* likewise: of struct consent */
	struct pattern_scratch *scratch; /* for `consent cookie` statements; NULL: their patterns grant nothing */
};

/*
 * Resolves; cannot fail: what cannot be understood does not grant. Reads Cookie, Sec-GPC and DNT fields; a signal is
 * the value "1" and no other. An opt-out's value may stand in quotes.
 */
struct consent consent_resolve(const struct consent_query *q, const struct fields *request);

/*
 * The signed cookie's value, at most 200 octets, printable and free of separators:
 *
 *   1.POLICY.PURPOSES.MINUTES.ID.MAC
 *
 * The 1 may be followed by a letter, how the visitor decided: see enum consent_method.
 * POLICY: base64url of the first 8 octets of a 64-bit hash over the policy version and the names of all purposes in
 * order: when purposes are added, renamed or reordered the visitor is asked anew. PURPOSES: the granted set in
 * lower-case hex; behind it, if there is any, '-' and in hex what was refused with other managers by then. MINUTES:
 * Unix time of the decision in minutes, base 36; ID: proof id, base64url of 16 random octets; MAC: the first 16 octets
 * of the keyed hash over site NUL everything before, base64url.
 *
 * The value lives in the arena; the empty slice if it refused, if there is no mac or key, or if the site's name is
 * longer than 255 octets.
 */
struct slice consent_token_make(const struct consent_query *q, purposes granted, const unsigned char id[16],
				struct arena *arena);

/*
 * Reads one token value. Sets *granted and *decided_at if GOOD, else leaves them. Constant time in the comparison of
 * the MAC; nothing of a token counts before that. Without mac every well-formed token is forged.
 */
enum consent_token_state consent_token_read(const struct consent_query *q, struct slice value, purposes *granted,
					    int64_t *decided_at);

/* Parts of a token value that was found good: its proof id, and how the visitor decided. */
struct slice consent_token_id(struct slice value);
purposes consent_token_refused_elsewhere(struct slice value);
enum consent_method consent_token_method(struct slice value);
/* "unknown", "banner", "preferences", "placeholder", "withdrawal". */
const char *consent_method_text(enum consent_method m);

/* For people: "undecided", "signed cookie", "another consent manager". */
const char *consent_source_text(enum consent_source s);
const char *consent_token_state_text(enum consent_token_state s);

/*
 * The Crumbgate-Consent field toward the origin, a structured-field dictionary (RFC 9651), e.g.
 *   granted=(analytics preferences), decided, source=cookie
 *   granted=(), decided=?0, source=default
 *   granted=(analytics), decided, source=foreign, managers=(onetrust tcf)
 *
 * A cookie of a `consent cookie` statement stands among the managers as a string. Necessary is left out, as it is
 * always granted; purposes stand in the order of their declaration. The empty slice if the arena refused.
 */
struct slice consent_field_value(const struct ruleset *rs, const struct consent *c, struct arena *arena);

#endif
