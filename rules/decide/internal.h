/*
 * What the files of this folder share.
 *
 * request.c   decide_request()
 * response.c  decide_response(): Set-Cookie, caching
 * judge.c     whether a cookie may pass; verdicts are counted and handed on
 * expire.c    denied cookies on the device: remembered from the request, deleted by the response
 * inject.c    cookies that crumbgate makes
 * beacon.c    whether a URL may be requested
 * verdict.c   texts
 */
#ifndef CG_RULES_DECIDE_INTERNAL_H
#define CG_RULES_DECIDE_INTERNAL_H

#include "rules/decide/decide.h"

/* One direction of an exchange under decision. */
struct deciding {
	const struct decide_env *env;
	struct decision *d;
	struct arena *arena;
};

void verdict_emit(const struct deciding *x, const struct verdict *v);

/* ---- judge.c ---- */

struct judgement {
	bool pass;
	bool own; /* crumbgate's consent cookie: no business of the origin's */
	const struct rule *rule;
	const struct cookie_rule *cookie; /* whose limits apply; NULL if none do */
	purposes mask;
	const char *reason;
};

extern const char decide_pattern_limit[]; /* the reason where a pattern hit its limits */

struct judgement judge_cookie(const struct deciding *x, struct slice name);
/* True if all purposes of the mask are granted. */
bool is_granted(const struct deciding *x, purposes mask);

/* ---- beacon.c ---- */

/* What is said of a URL that an element or field would make a request to. */
struct beacon_judgement {
	bool pass;
	struct beacon_match match; /* match.rule NULL: no rule names it, and it passes (or see reason) */
	purposes mask;
	const char *reason;
	struct slice url; /* in normal form, in the arena or part of the argument; of a URL that is no network URL: as
			     it is */
};

/*
 * url: the attribute's value with character references decoded, or what a field says; base: what relative ones are
 * relative to; types: of enum filter_type. What is made for it lives in x->arena.
 */
struct beacon_judgement judge_url(const struct deciding *x, const struct web_url *base, const struct filter_page *page,
				  struct slice url, unsigned types);

/* ---- expire.c ---- */

/* Remembers a denied cookie of the request, each name once, EXPIRE_LINES_MAX names at most. The name is not copied. */
void leftover_add(const struct deciding *x, struct slice name, const struct judgement *j);
/* Adds the deletions; returns whether there are any. In observe mode only verdicts. */
bool leftovers_expire(const struct deciding *x, struct fields *response);

/* ---- inject.c ---- */

/* Lists in d->injected what may be injected into this exchange; before the request's cookies are looked at. */
void inject_prepare(const struct deciding *x);
/* The request carries a cookie of that name, or the origin sets one: it is not to be injected. */
void inject_seen(const struct deciding *x, struct slice name);
/* Makes the cookies that the request lacks and appends them; what is then in d->injected goes into the response. */
void inject_request(const struct deciding *x, struct request *req);
/* Adds the Set-Cookie fields; returns whether there are any. */
bool inject_response(const struct deciding *x, struct fields *response);

#endif
