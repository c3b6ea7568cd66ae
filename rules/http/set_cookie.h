/*
 * The Set-Cookie response field: parsing as user agents do (RFC 6265bis section 5.6), and editing that leaves every
 * untouched byte as the origin sent it.
 */
#ifndef CG_RULES_HTTP_SET_COOKIE_H
#define CG_RULES_HTTP_SET_COOKIE_H

#include <stdbool.h>
#include <stdint.h>

#include "rules/base/arena.h"
#include "rules/base/slice.h"

/* RFC 6265bis 5.6, 5.7, 4.1.2.2 */
#define COOKIE_PAIR_MAX	     4096     /* name + value, octets; a longer cookie is ignored by user agents */
#define COOKIE_ATTRIBUTE_MAX 1024     /* an attribute with a longer value is ignored */
#define COOKIE_AGE_MAX	     34560000 /* 400 days in seconds */

enum same_site { SAME_SITE_UNSET, SAME_SITE_NONE, SAME_SITE_LAX, SAME_SITE_STRICT };

enum cookie_prefix {
	COOKIE_PREFIX_NONE,
	COOKIE_PREFIX_SECURE,
	COOKIE_PREFIX_HOST,
	COOKIE_PREFIX_HTTP,
	COOKIE_PREFIX_HOST_HTTP
};

struct set_cookie {
	struct slice name;   /* empty for a nameless cookie */
	struct slice value;  /* as sent */
	struct slice pair;   /* name=value as sent, trimmed */
	struct slice domain; /* without a leading dot, as sent; empty if none (an empty Domain counts as none) */
	struct slice path;   /* as sent; empty if none or not beginning with '/' */
	bool has_domain, has_path, has_max_age, has_expires, secure, http_only, partitioned;
	int64_t max_age; /* seconds, may be <= 0; clamped to +-COOKIE_AGE_MAX */
	int64_t expires; /* Unix time by the cookie-date algorithm (RFC 6265bis 5.1.1) */
	enum same_site same_site;
};

/*
 * Parses one field value. The last of repeated attributes wins. Returns false, with *out holding what was found, for a
 * cookie that every user agent ignores: a control octet (00-08, 0A-1F, 7F) in it, name+value above COOKIE_PAIR_MAX, or
 * both name and value empty.
 */
bool set_cookie_parse(struct slice value, struct set_cookie *out);
/* Name, value and pair alone, which are the same; attributes are not looked at. */
void set_cookie_parse_pair(struct slice value, struct set_cookie *out);

/* Prefixes match ignoring case (RFC 6265bis 4.1.3). */
enum cookie_prefix cookie_prefix_of(struct slice name);
/*
 * True if the attributes satisfy what the name's prefix demands; a user agent ignores the cookie otherwise. Also false
 * for a nameless cookie whose value has a prefix (RFC 6265bis 5.7).
 */
bool set_cookie_prefix_ok(const struct set_cookie *c);

/* True if the cookie deletes: Max-Age <= 0, or without Max-Age an Expires not after now (Unix time). */
bool set_cookie_deletes(const struct set_cookie *c, int64_t now);

/* What a rule demands of a cookie that passes. */
struct cookie_limits {
	int64_t max_age_cap; /* seconds; -1: none. A session cookie stays one; Max-Age and Expires are both lowered */
	bool add_secure;
	bool add_http_only;
	enum same_site same_site; /* SAME_SITE_UNSET: leave as it is */
};

/*
 * Writes the attributes anew where the limits demand it; *out is the very same slice if nothing changes. The pair and
 * every attribute not concerned stay byte-identical and in order; a replaced attribute keeps its place, a new one is
 * appended. SameSite=None adds Secure. False if the arena refused.
 */
bool set_cookie_limit(struct slice value, const struct cookie_limits *limits, int64_t now, struct arena *arena,
		      struct slice *out);

/* Parses an HTTP cookie-date (RFC 6265bis 5.1.1); false if it is none. */
bool cookie_date_parse(struct slice s, int64_t *unix_time);
/*
 * IMF-fixdate (RFC 9110 5.6.7), 29 octets, e.g. "Sun, 06 Nov 1994 08:49:37 GMT"; times beyond the years 1601 to 9999
 * become the nearest that can be written. The empty slice if the arena refused.
 */
struct slice imf_fixdate(struct arena *arena, int64_t unix_time);

#endif
