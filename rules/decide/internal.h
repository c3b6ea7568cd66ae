/*
 * What the files of this folder share.
 *
 * request.c      decide_request()
 * response.c     decide_response(): Set-Cookie, caching
 * judge.c        whether a cookie may pass; verdicts are counted and handed on
 * expire.c       denied cookies on the device: remembered from the request, deleted by the response
 * inject.c       cookies that crumbgate makes
 * consent_mode.c the script for Google's consent mode
 * template.c     variables of what is injected
 * sealed.c       cookies that are sealed on the device
 * beacon.c       whether a URL may be requested
 * page.c         what is to be done with a body
 * page_inject.c  what goes into a page, and what a Content-Security-Policy says to that
 * conditional.c  validators of pages, which differ by consent, and what caches are told
 * headers.c      beacons in fields
 * own.c          pages and forms of crumbgate itself
 * verdict.c      texts
 */
#ifndef CG_RULES_DECIDE_INTERNAL_H
#define CG_RULES_DECIDE_INTERNAL_H

#include "rules/base/text.h"
#include "rules/decide/decide.h"
#include "rules/decide/guard.h"
#include "rules/http/cookie.h"
#include "rules/http/csp.h"

/* One direction of an exchange under decision. */
struct deciding {
	const struct decide_env *env;
	struct decision *d;
	struct arena *arena;
	struct slice own_origin; /* to be put in front of our own addresses: of a page whose base is another site */
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

/* ---- sealed.c ---- */

/*
 * A cookie of the request whose rule says sealed, and which may pass: opened, its pair then in *replacement, or
 * dropped. Sets the verdict's kind and reason.
 */
enum cookie_edit sealed_request(const struct deciding *x, const struct cookie *c, const struct judgement *j,
				struct verdict *v, struct slice *replacement);
/*
 * A Set-Cookie of such a rule that may pass and does not delete; heeded: set_cookie_parse() was true. Seals the value
 * in *field, or returns false: it must not pass. Sets the verdict's kind and reason.
 */
bool sealed_response(const struct deciding *x, const struct set_cookie *c, bool heeded, struct verdict *v,
		     struct slice *field);

/* ---- beacon.c ---- */

/* What is said of a URL that an element or field would make a request to. */
struct beacon_judgement {
	bool pass;
	struct beacon_match match; /* match.rule NULL: no rule names it, and it passes (or see reason) */
	purposes mask;
	const char *reason;
	struct slice url;  /* in normal form, in the arena or part of the argument; of a URL that is no network URL: as
			      it is */
	bool beyond_ascii; /* see struct web_url: what is said holds if it was written in UTF-8 */
};

/*
 * url: the attribute's value with character references decoded, or what a field says; base: what relative ones are
 * relative to; types: of enum filter_type. What is made for it lives in x->arena.
 */
struct beacon_judgement judge_url(const struct deciding *x, const struct web_url *base, const struct filter_page *page,
				  struct slice url, unsigned types);

/* Of a label (WHATWG Encoding 4.2). */
enum page_encoding encoding_of_label(struct slice label);

/* ---- expire.c ---- */

/* Remembers a denied cookie of the request, each name once, EXPIRE_LINES_MAX names at most. The name is not copied. */
void leftover_add(const struct deciding *x, struct slice name, const struct judgement *j);
/*
 * Likewise the cookies that the rules name in full and the visitor may have where this request's path does not reach;
 * after those that were seen, within the same bounds.
 */
void leftovers_add_known(const struct deciding *x);
/* Adds deletions of one cookie in every scope, whatever it is of. */
void cookie_expire(const struct deciding *x, struct slice name, struct fields *response);
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

/* ---- own.c ---- */

/* In all of these, language: NULL for the one that the visitor asked for. Made in x->arena. */
struct slice own_banner(const struct deciding *x, const struct catalogue *language);
struct slice own_link(const struct deciding *x, const struct catalogue *language);
struct slice own_placeholder(const struct deciding *x, const struct catalogue *language, struct slice host,
			     struct slice url, purposes missing);

/* ---- template.c ---- */

/*
 * Appends the template of a cookie's value with its variables filled in: {uuid} {host} {consent} {time}. It was checked
 * at load: variables are known, braces are closed or doubled.
 */
void template_expand(const struct deciding *x, struct slice template, struct text *out);
/*
 * The same of HTML: {nonce} {uuid} {host} {consent}, and one of these in doubled braces, which becomes {host} and so
 * on; any other brace is text.
 */
void html_expand(const struct deciding *x, struct slice template, struct slice nonce, struct text *out);

/* ---- consent_mode.c ---- */

/* Appends the script that tells Google's tags what is granted. */
void consent_mode_html(const struct deciding *x, const struct consent_mode *mode, struct text *out);

/* ---- page.c ---- */

/* Remembers in d->asked what the response will depend on; before the request is edited. */
void page_ask(const struct deciding *x, const struct request *req);
/* Some consent would change a page of this request's path, whatever else it is. */
bool page_may_depend(const struct deciding *x);
/* The page differs with Sec-Fetch-Dest: something may go into documents alone. */
bool page_by_destination(const struct deciding *x);
/* The page differs with the language that the visitor asks for. */
bool page_by_language(const struct deciding *x);
/* What holds for this visitor's page beside what is granted, as a number. */
uint64_t page_asks(const struct deciding *x);
/* This visitor's pages may have the banner, or the link that follows it. */
bool page_may_ask(const struct deciding *x);
/* Fills d->page but for what page_inject.c does. */
void page_judge(const struct deciding *x, const struct response *resp);
/* The URL of the request as the visitor sent it, absolute; made once. */
struct slice page_url(const struct deciding *x);
/* Purposes that are not granted. */
purposes purposes_denied(const struct deciding *x);

/* ---- page_inject.c ---- */

/*
 * Makes the guard's element and expands what is injected into the page, and lets it run by the policies in fields.
 * After page_judge().
 */
void page_inject(const struct deciding *x, struct fields *fields);
/*
 * What is injected, in the page's own language where that is known; in x->arena if it had to be made anew. Scripts and
 * styles are the same in all languages.
 */
struct slice page_inject_html(const struct deciding *x, const struct page_inject *inject,
			      const struct catalogue *language);
/* The inline scripts and styles of d->page.guard_html and d->page.injects; also for policies within the page. */
const struct csp_inline *page_inlines(const struct deciding *x, size_t *n);

/* ---- headers.c ---- */

/* What a ...-src directive of Content-Security-Policy is about, of enum filter_type. */
unsigned policy_source_types(struct slice directive);

/* ---- conditional.c ---- */

/* Maps validators of ours back to the origin's, and drops those that an answer must not be made by. */
void conditional_request(const struct deciding *x, struct request *req);
/* ETag and what else caches are told of a page that differs by consent; true: Cache-Control must be private. */
bool conditional_response(const struct deciding *x, struct response *resp);

/* Adds to Vary what consent is read from. */
void conditional_vary(const struct deciding *x, struct fields *f);

/* ---- headers.c ---- */

/*
 * Judges the URLs in fields of any response and takes out those that are denied. True if another consent may have
 * other fields, so that Cache-Control must be private.
 */
bool headers_judge(const struct deciding *x, struct fields *fields);

#endif
