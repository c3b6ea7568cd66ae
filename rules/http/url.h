/*
 * Request targets and URLs, as far as rules need them: path and query of an origin-form target, parameters by name,
 * and the parts of an absolute http(s) URL. Nothing here changes a byte that is not removed on purpose.
 */
#ifndef CG_RULES_HTTP_URL_H
#define CG_RULES_HTTP_URL_H

#include <stdbool.h>
#include <stdint.h>

#include "rules/base/arena.h"
#include "rules/base/slice.h"

/* Splits an origin-form target at the first '?'. query excludes it; has_query tells "/?" from "/". */
void target_split(struct slice target, struct slice *path, struct slice *query, bool *has_query);

/*
 * The path as rules compare it: percent-encoded unreserved characters decoded, other escapes in upper case, "." and
 * ".." segments removed (RFC 3986 5.2.4, 6.2.2), runs of '/' collapsed, '\' taken as '/'. The very same slice if it is
 * already so. A malformed escape stays literally. False if the arena refused.
 */
bool path_normalise(struct slice path, struct arena *arena, struct slice *out);

/* A parameter of a query: split at '&', then at the first '='. */
struct query_param {
	struct slice name;  /* percent-decoded and '+' as space if it needed that; else a slice of the query */
	struct slice value; /* raw */
	struct slice raw;   /* name=value as sent */
};

/* Decides on one parameter: true to keep it. */
typedef bool (*param_judge)(void *arg, const struct query_param *p);

/*
 * Removes the parameters that the judge refuses. *out is the very same slice if nothing is removed; else the kept
 * ones are byte-identical and in order, joined by '&'; with none left the '?' goes too. The path is never changed.
 * Empty parameters ("&&") are not judged, and go when another is removed.
 * A name with a malformed escape is judged literally. Decoded names live in the arena. False if the arena refused.
 */
bool target_remove_params(struct slice target, param_judge judge, void *arg, struct arena *arena, struct slice *out);

/* Parts of an absolute URL "http(s)://host[:port]/path?query". */
struct url {
	bool secure;
	struct slice authority; /* host[:port] as written */
	struct slice host;	/* as written, IPv6 without brackets */
	uint16_t port;		/* 80 or 443 if not written */
	bool has_port;
	struct slice target; /* path and query, "/" if empty; begins with '?' where the path is empty; no fragment */
};

/*
 * False for another scheme, userinfo, an invalid host or port, or octets that may not stand in a URL: controls, blanks,
 * non-ASCII, '"', '<', '>' and '\\'. Browsers do send { } | ^ ` as they are, so these pass.
 */
bool url_parse(struct slice s, struct url *out);

/* The target as a request carries it: url.target with '/' before a bare query; the empty slice if the arena refused. */
struct slice url_target(const struct url *u, struct arena *arena);

/* Percent-decodes; false for a malformed escape or if the arena refused. The same slice if there is no '%'. */
bool percent_decode(struct slice s, struct arena *arena, struct slice *out);

#endif
