/*
 * The immutable ruleset: rules files checked and compiled once. Shared by every exchange of a site; freed with its
 * site.
 *
 * One idea: everything has a purpose. A thing passes if every purpose in its mask is granted: (mask & ~granted) == 0.
 * A purpose is a bit; bit 0 is necessary, always granted. First match in file order wins.
 */
#ifndef CG_RULES_LANGUAGE_RULESET_H
#define CG_RULES_LANGUAGE_RULESET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rules/base/diagnostic.h"
#include "rules/base/pattern.h"
#include "rules/base/slice.h"
#include "rules/filter/filter.h"
#include "rules/html/literals.h"
#include "rules/html/selectors.h"
#include "rules/http/set_cookie.h"
#include "rules/language/loader.h"

typedef uint32_t purposes; /* a set of purposes */
#define PURPOSE_NECESSARY ((purposes)1)
#define PURPOSES_MAX	  32 /* necessary and 31 more */

/* Where a rule stands; part of every rule, so that each verdict can name it. */
struct rule {
	struct slice file;
	unsigned line;
	struct slice text; /* the statement as written, comments and line end removed, first line only */
	bool shipped;	   /* it stands in the knowledge that crumbgate ships, not in a file of the operator */
};

/* Texts that the rules give to be shown to visitors. */
struct own_text {
	unsigned which;	       /* what it is for: one of an enum */
	struct slice language; /* "de"; empty: of every language that has none of its own */
	struct slice text;
};

struct own_texts {
	struct own_text *v;
	size_t n;
};

/* The text for a language: its own, else that without one; else the empty slice. */
struct slice own_text_find(const struct own_texts *texts, unsigned which, struct slice language);

enum purpose_text { PURPOSE_TITLE, PURPOSE_TEXT };

struct purpose {
	struct slice name;
	struct slice title;	/* for languages that have none in texts; the name if none was given */
	struct own_texts texts; /* by enum purpose_text */
	struct rule rule;
};

struct cookie_rule {
	struct rule rule;
	purposes mask;
	size_t order;		     /* place among the cookie rules, in file order over all included files */
	struct cookie_limits limits; /* what must be rewritten on a Set-Cookie that passes */
	bool sealed;		     /* on the device its value is sealed: rules/consent/sealed.h */
};

struct inject_cookie_rule {
	struct rule rule;
	purposes mask;
	struct slice name;
	struct slice value;  /* template: {uuid} {time} {host} {consent}, {{ and }} for braces; checked at load */
	int64_t max_age;     /* seconds; 0: a session cookie */
	struct slice path;   /* "/" by default */
	struct slice domain; /* empty: host-only */
	bool http_only;
	enum same_site same_site; /* LAX by default */
};

struct path_rule {
	struct rule rule;
	purposes mask;
};

struct param_rule {
	struct rule rule;
	purposes mask;
};

/* A cookie with a fixed meaning: it denies its purposes while the visitor sends name=value. */
struct opt_out_rule {
	struct rule rule;
	struct slice name;
	struct slice value;
	int64_t max_age; /* of the cookie when crumbgate sets it; seconds */
	purposes denies;
	bool announced; /* the origin is told of it by "Sec-GPC: 1" */
};

enum signal_kind { SIGNAL_GPC, SIGNAL_DNT, SIGNAL_COUNT };

struct signal_rule {
	struct rule rule; /* line 0 if the files say nothing: GPC and DNT are then ignored */
	purposes denies;  /* 0: ignored */
};

struct policy {
	struct rule rule;
	struct slice version;	 /* "1" if the files give none */
	struct own_texts notice; /* URLs of the privacy notice; which is 0 */
	struct slice contact;
	int64_t remember;	   /* seconds that a decision is valid; 180 days by default, at most 400 */
	purposes undecided_grants; /* besides necessary; 0 by default */
	struct region_regime {
		struct slice region; /* ISO 3166-1 alpha-2, or "US-CA" */
		purposes grants;
		struct rule rule;
	} * regions; /* in file order; the most specific one that covers the visitor's counts */
	size_t n_regions;
	char tk;	     /* the value of the Tk response field; NUL: there is none */
	bool keep_leftovers; /* "leftovers kept": denied cookies on the device are not expired */
	/*
	 * What crumbgate answers itself stands at this path and below it; "/.crumbgate" by default. It begins with '/',
	 * does not end with one, and holds letters, digits and any of -._~/ alone: path_normalise() leaves it as it is.
	 */
	struct slice own_path;
	struct own_texts changed; /* shown to those who decided under another version; which is 0 */
	bool clear_storage;	  /* "storage cleared": a withdrawal makes the browser empty the site's own storage */
};

enum ruleset_mode { MODE_ENFORCE, MODE_OBSERVE };

/* ---- Pages: what is in HTML. ---- */

/* What becomes of a beacon that is denied. */
enum beacon_action {
	BEACON_DEFAULT,	 /* inert where an element can be that, else removed */
	BEACON_INERT,	 /* stays in the page, can neither load nor run, and can be activated by the guard */
	BEACON_REMOVED,	 /* with all that is in it */
	BEACON_REPLACED, /* by `replacement` */
};

/* One beacon or list statement. */
struct beacon_rule {
	struct rule rule;
	purposes mask;
	size_t order; /* place among beacon and list statements in file order over all included files; lower wins */
	enum beacon_action action;
	struct slice replacement; /* HTML; empty with BEACON_REPLACED: the built-in placeholder */
	bool list;		  /* a list statement */
};

/* Which URL pattern of a beacon_rule matched. */
struct beacon_match {
	const struct beacon_rule *rule; /* NULL: none, or `limit` */
	struct slice pattern; /* as written, in the statement (a regular expression without slashes) or in the list */
	unsigned list_line;   /* of a list statement: the line in its file; else 0 */
	bool limit;	      /* `pattern` hit its limits, before a rule was found: the strict side is due */
};

/* A selector list of a statement. Statements that write the same one share its id. */
struct beacon_selector {
	size_t id;				/* that ruleset_selectors() reports */
	const struct beacon_selector *next;	/* of the same id, in file order */
	const struct beacon_rule *rule;		/* NULL: the selector is of an inject statement */
	struct slice text;			/* as written */
	struct slice containing;		/* the element's text must hold this; empty: no matter */
	const struct pattern *containing_regex; /* or match this; NULL: no matter. Never both */
};

/* What to look for in the text of inline scripts, event handlers and the like: one for each id of the literals. */
struct beacon_literal {
	const struct beacon_rule *rule;
	bool host;				/* the host of a "||host^" pattern, else the text of `containing` */
	const struct beacon_selector *selector; /* of `containing`: what it belongs to; else NULL */
	struct slice text;
};

enum inject_place {
	INJECT_HEAD_START,
	INJECT_HEAD_END,
	INJECT_BODY_START,
	INJECT_BODY_END,
	INJECT_BEFORE, /* the element that `selector` names, each of them */
	INJECT_AFTER,
};

/* What each type of Google's consent mode needs; 0: it stays denied. */
#define CONSENT_MODE_TYPES 7
struct consent_mode {
	purposes needs[CONSENT_MODE_TYPES];
};
/* "ad_storage" and so on. */
const char *consent_mode_type(size_t i);

struct inject_html_rule {
	struct rule rule;
	purposes mask;
	enum inject_place place;
	size_t selector; /* of INJECT_BEFORE and INJECT_AFTER: an id of ruleset_selectors() */
	/*
	 * Never empty, unless there is a consent_mode. {nonce} {uuid} {consent} {host} are variables; the same with
	 * doubled braces, "{{nonce}}", is the text "{nonce}". Every other brace is text: scripts and styles are full of
	 * them.
	 */
	struct slice html;
	const struct consent_mode *consent_mode; /* what goes in is made of it; NULL: html */
	unsigned status_min, status_max;	 /* 200..299 if the statement says nothing */
	const struct names *paths;		 /* for inject_html_applies(); NULL: all */
};

/* The "pages" block. */
struct pages_rule {
	struct rule rule; /* line 0 if the files have none */
	bool guard;	  /* true by default: the guard script stands first in each page while anything is denied */
	bool csp_narrow;  /* hosts of denied beacons are taken out of Content-Security-Policy */
	bool unreadable_passes; /* what cannot be decoded or read goes through unexamined; false: withheld */
	bool oversized_passes;	/* likewise tags and scripts beyond the limits below */
	size_t tag_max;		/* octets of one tag; 1 MB by default */
	size_t script_max;	/* octets of one inline script or noscript that are held while it is judged; 256 KB */
};

/* ---- The banner. ---- */

/* Texts of the banner that the rules may replace. */
enum banner_text {
	BANNER_TITLE,
	BANNER_TEXT,
	BANNER_ACCEPT,
	BANNER_REJECT,
	BANNER_SAVE,
	BANNER_SETTINGS, /* the lasting link */
	BANNER_TEXTS
};

enum banner_colour { BANNER_ACCENT, BANNER_BACKGROUND, BANNER_FOREGROUND, BANNER_COLOURS };

/* The "banner" block. */
struct banner_rule {
	/*
	 * The banner, body-start, and the lasting link to the preferences page, body-end, as what is injected into a
	 * page; their html is empty, and made for each page. rule.line 0: the files have no banner block, or say
	 * "banner off".
	 */
	struct inject_html_rule banner;
	struct inject_html_rule link;	     /* line 0 too with "link off" */
	bool top;			     /* it stands at the window's top; false: at its bottom */
	uint32_t colours[BANNER_COLOURS][2]; /* 0xRRGGBB, light and dark */
	struct slice logo;		     /* a path of the site; empty: none */
	struct own_texts texts;		     /* by enum banner_text */
};

struct ruleset; /* opaque but for the accessors */

/*
 * Loads `path` and what it includes. Relative includes are relative to the including file; a name under vendors/ or
 * base.rules that is not found there is taken from the shipped knowledge, whose own includes stay within it. A file
 * that is included again adds nothing. All problems of all files go to d. NULL if there was an error, memory that ran
 * out included. The sources need not outlive the ruleset.
 */
CG_WARN_UNUSED struct ruleset *ruleset_load(const struct loader *loader, struct slice path, struct diagnostics *d);
void ruleset_free(struct ruleset *rs); /* NULL is fine */

size_t ruleset_purpose_count(const struct ruleset *rs); /* necessary included: at least 1 */
const struct purpose *ruleset_purpose(const struct ruleset *rs, size_t bit);
/* The bit of a purpose by name, or -1. */
int ruleset_purpose_find(const struct ruleset *rs, struct slice name);
purposes ruleset_all_purposes(const struct ruleset *rs);

const struct policy *ruleset_policy(const struct ruleset *rs);
enum ruleset_mode ruleset_mode(const struct ruleset *rs);
const struct signal_rule *ruleset_signal(const struct ruleset *rs, enum signal_kind kind);
const struct opt_out_rule *ruleset_opt_outs(const struct ruleset *rs, size_t *n);
const struct inject_cookie_rule *ruleset_inject_cookies(const struct ruleset *rs, size_t *n);
/* A hash over the text of every file that was read: other rules, other identity. */
uint64_t ruleset_identity(const struct ruleset *rs);
/* The first cookie statement that says sealed: it needs a key. NULL if there is none. */
const struct rule *ruleset_sealed(const struct ruleset *rs);
bool ruleset_has_params(const struct ruleset *rs);
bool ruleset_has_paths(const struct ruleset *rs);

/*
 * Lookups. Each returns the first rule in file order that names the thing, or NULL if none does (the caller then takes
 * the thing as necessary... for params and paths; an unnamed cookie needs every purpose that exists, see
 * ruleset_unnamed_cookie()). *limit is always set: true, with NULL returned, if a pattern hit its limits before a rule
 * was found: the strict side is due. No allocation; scratch may be NULL if the ruleset holds no regular expression.
 *
 * A cookie that an inject statement makes is of that statement's purposes wherever it stands, unless a cookie statement
 * spells out its name: else a visitor who sends it back would lose it to a "cookie *" further up.
 */
const struct cookie_rule *ruleset_cookie(const struct ruleset *rs, struct pattern_scratch *scratch, struct slice name,
					 bool *limit);
const struct param_rule *ruleset_param(const struct ruleset *rs, struct pattern_scratch *scratch, struct slice name,
				       bool *limit);
/* path: normalised by path_normalise(). A rule "path /a" covers /a and everything below /a/. */
const struct path_rule *ruleset_path(const struct ruleset *rs, struct pattern_scratch *scratch, struct slice path,
				     bool *limit);
/* The rule for cookies that no rule names: of every optional purpose, so it passes only when all is granted; line 0. */
const struct cookie_rule *ruleset_unnamed_cookie(const struct ruleset *rs);

/* ---- Pages. ---- */

const struct pages_rule *ruleset_pages(const struct ruleset *rs);
const struct banner_rule *ruleset_banner(const struct ruleset *rs);
/* True if there is one: visitors who did not decide are asked. */
bool ruleset_has_banner(const struct ruleset *rs);
/* True if a statement may put the built-in placeholder into a page. */
bool ruleset_has_placeholder(const struct ruleset *rs);
/* All beacon and list statements, by order. */
const struct beacon_rule *ruleset_beacons(const struct ruleset *rs, size_t *n);
/* The union of the masks of all beacons and lists, necessary ones too; 0: pages need not be looked at for them. */
purposes ruleset_beacon_purposes(const struct ruleset *rs);
/*
 * The first beacon or list statement with a URL pattern that matches the request. r: filter_request_init() with the
 * types it is made for. No memory is taken.
 */
struct beacon_match ruleset_beacon_url(const struct ruleset *rs, struct pattern_scratch *scratch,
				       struct filter_request *r);
/* All selectors of beacon and inject statements, compiled together; NULL if there are none. */
const struct selectors *ruleset_selectors(const struct ruleset *rs);
/* The first statement's of that id. */
const struct beacon_selector *ruleset_selector(const struct ruleset *rs, size_t id);
/* All literals to be looked for in scripts, compiled together; NULL if there are none. */
const struct literals *ruleset_literals(const struct ruleset *rs);
const struct beacon_literal *ruleset_literal(const struct ruleset *rs, size_t id);
/* All inject html statements in file order. */
const struct inject_html_rule *ruleset_inject_html(const struct ruleset *rs, size_t *n);
/* path: normalised by path_normalise(). False too if a pattern of a path hits its limits. */
bool inject_html_applies(const struct inject_html_rule *rule, struct pattern_scratch *scratch, struct slice path,
			 unsigned status);
/*
 * For the guard: calls f for each URL pattern of beacon statements (not of lists), by order, and for each name of a
 * cookie, first match first: opt-outs, those that inject statements imply, those of cookie statements. text is as
 * written: a regular expression without its slashes (letter case counts unless flags hold an 'i'), others with their
 * stars; URL patterns with their options. A name that holds a star of its own is given as a regular expression.
 */
typedef void (*pattern_visitor)(void *arg, struct slice text, bool regex, struct slice flags, purposes mask);
void ruleset_each_beacon_pattern(const struct ruleset *rs, pattern_visitor f, void *arg);
void ruleset_each_cookie_name(const struct ruleset *rs, pattern_visitor f, void *arg);

/* All rules, for coverage: calls f for each statement that can decide something, in file order. */
void ruleset_each_rule(const struct ruleset *rs, void (*f)(void *arg, const struct rule *r), void *arg);

#endif
