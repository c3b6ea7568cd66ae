/*
 * What crumbgate itself shows and answers: the banner, the preferences page, placeholders, and the forms that they
 * send. Pure: everything is made of the rules, the visitor's consent and the request.
 *
 * Everything works without scripts: forms post to own_path/decision, which answers with a redirect to a path of the
 * same site. All HTML made here is well-formed XML as well, and holds no external reference but the logo.
 */
#ifndef CG_RULES_PAGES_PAGES_H
#define CG_RULES_PAGES_PAGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rules/base/arena.h"
#include "rules/base/slice.h"
#include "rules/base/text.h"
#include "rules/consent/consent.h"
#include "rules/language/ruleset.h"
#include "rules/pages/catalogue.h"

/* ---- own_path.c: addresses. ---- */

enum own_page {
	OWN_NONE,	 /* not ours */
	OWN_PREFERENCES, /* GET own_path, own_path/ and own_path/preferences */
	OWN_DECISION,	 /* POST */
	OWN_WITHDRAW,	 /* GET: the preferences page; POST */
	OWN_OPT_OUT,	 /* GET: a page with one button; POST */
	OWN_OPT_IN,	 /* likewise */
	OWN_STATE,	 /* GET: JSON */
	OWN_RECEIPT,	 /* GET: JSON, to be saved */
	OWN_GPC,	 /* GET /.well-known/gpc.json, where the rules honour Global Privacy Control */
	OWN_UNKNOWN,	 /* below own_path, and nothing */
};

/* path: normalised by path_normalise(), without query. */
enum own_page own_page_of(const struct ruleset *rs, struct slice path);

/*
 * True if a Location of it leads to the same site whatever a browser makes of it: visible ASCII, one '/' in front and
 * neither '/' nor '\' behind that, no '\' at all, at most OWN_BACK_MAX octets.
 */
#define OWN_BACK_MAX 2048
bool own_back_ok(struct slice target);
/* The value of a query's parameter, decoded; empty if there is none or it is malformed. */
struct slice own_query_value(struct slice query, struct slice name, struct arena *arena);

/* ---- form.c: what is posted. ---- */

#define OWN_FORM_MAX 8192 /* octets */

enum own_choice {
	CHOICE_NONE,
	CHOICE_ACCEPT, /* do=accept: everything */
	CHOICE_REJECT, /* do=reject: nothing but what is necessary */
	CHOICE_SAVE,   /* do=save: what p names */
	CHOICE_ADD,    /* do=add: what p names beside what was granted; "always allow" of a placeholder */
};

struct own_form {
	enum own_choice choice;
	purposes chosen;   /* of p */
	struct slice back; /* decoded, not checked */
	struct slice token;
	bool from_page; /* it is of the preferences page, not of the banner */
};

/*
 * application/x-www-form-urlencoded with the names do, p (any number), back, token, from. False if it is malformed,
 * names a purpose that does not exist, or the arena refused. Names that are not known are ignored.
 */
bool own_form_read(const struct ruleset *rs, struct slice body, struct arena *arena, struct own_form *out);

/*
 * What a form must carry: a keyed hash over the site's name. It tells forms of this site from those of another, and
 * from ones made blindly; that a form was sent by this site's pages is told by Origin and Sec-Fetch-Site. The empty
 * slice without keys.
 */
struct slice own_token(const struct consent_query *q, struct arena *arena);
bool own_token_ok(const struct consent_query *q, struct slice token, struct arena *arena);
/*
 * True if the browser says that a page of this site sent it: Sec-Fetch-Site "same-origin", or, from browsers without
 * it, an Origin that is https:// and the request's authority. One of them must be there, and neither may contradict;
 * "null" passes as Origin where Sec-Fetch-Site is there, since a page's Referrer-Policy causes it.
 */
bool own_same_origin(const struct fields *request, struct slice authority);

/* ---- What is shown. ---- */

struct own_view {
	const struct consent_query *query;
	const struct consent *consent;
	const struct catalogue *language;
	struct slice back;   /* where to return to: a target of the site, or empty */
	struct slice origin; /* "https://www.example.com" where own paths alone would lead elsewhere, or empty */
	bool gpc;	     /* the visitor's browser sends it, and the rules honour it */
	struct pattern_scratch *scratch; /* as in lookups of a ruleset */
	struct arena *arena;
};

/* What the visitor granted, here or by another consent manager, before anything denied it; 0 of who did not decide. */
purposes own_chosen(const struct consent *c);

/* preferences.c */
enum own_note { NOTE_NONE, NOTE_SAVED, NOTE_REFUSED, NOTE_OPT_OUT, NOTE_OPT_IN };
/* The whole document; *style gets the text of its only style element, for a policy. */
struct slice own_preferences(const struct own_view *v, enum own_note note, struct slice *style);
/* The address of the preferences page with NOTE_SAVED; visible ASCII. */
struct slice own_saved_url(const struct own_view *v);
/* own_path/opt-out and opt-in: a document with one button, for what the visitor did not do. */
struct slice own_opt_page(const struct own_view *v, struct slice *style);

/* banner.c */

/* The visitor is to be asked: there is a banner, something is left to decide, and nothing was decided. */
bool banner_due(const struct ruleset *rs, const struct consent *c);
struct slice banner_html(const struct own_view *v);
/* The lasting link to the preferences page. */
struct slice banner_link_html(const struct own_view *v);

/* placeholder.c: host: from where it would come; url: of what was held back, empty if it cannot be opened alone. */
struct slice placeholder_html(const struct own_view *v, struct slice host, struct slice url, purposes missing);

/* json.c: the empty slice if the arena refused. token: own_token() for who may post a form, else empty. */
struct slice own_state_json(const struct own_view *v, struct slice token);
/* Of the signed cookie; the empty slice if there is none. */
struct slice own_receipt_json(const struct own_view *v);
struct slice own_gpc_json(const struct ruleset *rs, struct arena *arena);

#endif
